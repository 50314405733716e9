#include "pkcs12/container.h"

#include "pkcs12/foreign_file.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace signet::inline pkcs12 {
namespace {

constexpr std::string_view kData = "1.2.840.113549.1.7.1";
constexpr std::string_view kSignedData = "1.2.840.113549.1.7.2";
constexpr std::string_view kEnvelopedData = "1.2.840.113549.1.7.3";
constexpr std::string_view kEncryptedData = "1.2.840.113549.1.7.6";
constexpr std::size_t kMaxSafes = 100;

[[noreturn]] void ThrowWrongPassword(std::string detail, std::string hint) {
  throw Error({.code = ErrorCode::kWrongPassword, .detail = std::move(detail), .hint = std::move(hint)});
}

// IsSequence tells whether decrypted bytes are one SEQUENCE that begins with an element, as both a
// SafeContents and a key do. The wrong password leaves noise, of which one in some thousands has valid
// padding and begins like a SEQUENCE: no noise also ends where its first two lengths say.
bool IsSequence(const Secret& plain) {
  try {
    BerReader reader(AsBytes(plain));
    BerReader inside = reader.Enter(BerTag::kSequence, "");
    if (!reader.done()) return false;
    if (inside.done()) return true;
    const BerTag first = inside.Next("").tag;
    return first == BerTag::kSequence || first == BerTag::kInteger;
  } catch (const Error&) {
    return false;
  }
}

bool Holds(const Contents& contents, const StoredKey& key) {
  return std::ranges::any_of(contents.keys, [&](const StoredKey& other) {
    return other.attributes.local_key_id == key.attributes.local_key_id && other.key->IsPairOf(*key.key);
  });
}

// OrProblem runs `read`, which reads one object, and keeps why it cannot be read: the others may be all
// right.
template <class Read>
void OrProblem(Contents& contents, Read read) {
  try {
    read();
  } catch (const Error& error) {
    contents.problems.push_back(error);
  }
}

}  // namespace

Container::Container(Bytes file, CostMeter cost) : cost_(cost) {
  RefuseForeign(file);
  if (file.front() != static_cast<std::uint8_t>(BerTag::kSequence)) ThrowMalformed("not a PKCS#12 file");
  BerReader pfx = BerReader(file).Enter(BerTag::kSequence, "the file");
  const std::uint64_t version = pfx.Unsigned("the version of the file");
  if (version != 3) ThrowMalformed(fmt::format("not a PKCS#12 file of version 3, but of {}", version));
  BerReader content_info = pfx.Enter(BerTag::kSequence, "the file's content");
  const std::string kind = content_info.Oid("the kind of the file's content");
  if (kind == kSignedData)
    ThrowUnsupported("the file is protected by a signature, not a password, and", kind);
  if (kind != kData)
    ThrowMalformed(fmt::format("the file's content is of a kind, {}, that PKCS#12 does not have", kind));
  authenticated_ = content_info.Enter(BerTag::kContext0, "the file's content").Octets("the file's content");
  if (!pfx.done()) {
    integrity_ = Integrity::Read(pfx.Enter(BerTag::kSequence, "the file's MAC"));
    cost_.Charge(integrity_->cost());
  }
  BerReader safes = BerReader(authenticated_.bytes).Enter(BerTag::kSequence, "the file's safes");
  for (std::size_t seen = 0; !safes.done(); ReadSafe(safes.Enter(BerTag::kSequence, "a safe"))) {
    if (++seen > kMaxSafes) {
      throw Error({.code = ErrorCode::kTooCostly,
                   .detail = fmt::format("the file has more than {} parts", kMaxSafes),
                   .hint = "Export only the required identity."});
    }
  }
}

void Container::ReadSafe(BerReader content_info) {
  const std::string kind = content_info.Oid("the kind of a safe");
  try {
    if (kind == kData) {
      safes_.push_back(content_info.Enter(BerTag::kContext0, "a safe").Octets("a safe"));
      ReadBags(safes_.back().bytes, bags_);
    } else if (kind == kEncryptedData) {
      ReadEncryptedSafe(content_info.Enter(BerTag::kContext0, "an encrypted safe"));
    } else if (kind == kEnvelopedData) {
      sealed_for_others_ = true;  // Encrypted for a certificate: no password decrypts it.
    } else {
      ThrowUnsupported("a part of the file", kind);
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    problems_.push_back(error);
  }
}

// RFC 5652 section 8: the EncryptedData of an encrypted safe.
void Container::ReadEncryptedSafe(BerReader content) {
  BerReader data = content.Enter(BerTag::kSequence, "an encrypted safe");
  data.Unsigned("the version of an encrypted safe");
  BerReader info = data.Enter(BerTag::kSequence, "the content of an encrypted safe");
  if (const std::string kind = info.Oid("the content of an encrypted safe"); kind != kData) {
    ThrowUnsupported("an encrypted safe", kind);
  }
  const BerReader algorithm = info.Enter(BerTag::kSequence, "the encryption of a safe");
  const BerElement ciphertext = info.Next("the content of an encrypted safe");
  if (ciphertext.tag != BerTag::kContext0 && ciphertext.tag != BerTag::kContext0Primitive) {
    ThrowMalformed("an encrypted safe has no encrypted content");
  }
  Encryption encryption = Encryption::Read(algorithm);
  cost_.Charge(encryption.cost());
  encrypted_safes_.push_back(
      {std::move(encryption), OctetsOf(ciphertext, "the content of an encrypted safe")});
}

bool Container::protected_by_password() const noexcept {
  return integrity_ || !encrypted_safes_.empty() ||
         std::ranges::any_of(bags_.keys, [](const KeyBag& bag) { return bag.encryption.has_value(); });
}

namespace {

const Secret& Spelling(const Password& form, bool utf8) { return utf8 ? form.utf8 : form.bmp; }

// Repeats tells whether an earlier one of `forms` gives the same bytes as `form`.
bool Repeats(const std::vector<Password>& forms, const Password& form, bool utf8) {
  for (const Password& earlier : forms) {
    if (&earlier == &form) return false;
    if (Spelling(earlier, utf8).view() == Spelling(form, utf8).view()) return true;
  }
  return false;
}

}  // namespace

template <class Try>
void Container::Settle(bool utf8, Attempts attempts, Try try_one) {
  for (;;) {
    for (const Password& form : forms_) {
      if (Repeats(forms_, form, utf8)) continue;
      attempts.Next();
      if (!try_one(form)) continue;
      password_ = &form;
      return;
    }
    if (!ask_) {
      ThrowWrongPassword("the password is wrong, or the file was altered or damaged",
                         "Give the password that was used for the export.");
    }
    forms_ = std::exchange(ask_, {})();
  }
}

Secret Container::Decrypted(const Encryption& encryption, Bytes ciphertext) {
  if (password_ != nullptr) return DecryptedWithSettled(encryption, ciphertext);
  std::optional<Secret> plain;
  Settle(encryption.takes_utf8(), Attempts(cost_, encryption.cost()), [&](const Password& form) {
    plain = encryption.Decrypt(form, ciphertext);
    return plain && IsSequence(*plain);
  });
  return std::move(*plain);
}

// Some programs spell one password differently for the MAC and for the encryption.
Secret Container::DecryptedWithSettled(const Encryption& encryption, Bytes ciphertext) {
  Attempts attempts(cost_, encryption.cost());
  std::optional<Secret> plain;
  const auto opens = [&](const Password& form) {
    attempts.Next();
    plain = encryption.Decrypt(form, ciphertext);
    return plain && IsSequence(*plain);
  };
  const bool utf8 = encryption.takes_utf8();
  if (opens(*password_) || (utf8 && opens(NssPassword(*password_)))) return std::move(*plain);
  for (const Password& form : forms_) {
    if (Repeats(forms_, form, utf8) || Spelling(form, utf8).view() == Spelling(*password_, utf8).view())
      continue;
    if (opens(form)) return std::move(*plain);
  }
  ThrowWrongPassword("a part of the file is encrypted with a different password",
                     "Export the file again, with one password for all.");
}

std::vector<bool> Container::Wanted(const ChooseKeys& choose) const {
  std::vector<bool> wanted = choose ? choose(bags_) : std::vector<bool>(bags_.keys.size(), true);
  if (std::ranges::find(wanted, true) == wanted.end()) wanted.assign(bags_.keys.size(), true);
  for (std::size_t place = 0; place < bags_.keys.size(); ++place) {
    if (!bags_.keys[place].encryption) wanted[place] = true;
  }
  return wanted;
}

Contents Container::Open(std::vector<Password> forms, AskForms ask, const ChooseKeys& choose) {
  forms_ = std::move(forms);
  ask_ = std::move(ask);
  if (integrity_) {
    Settle(integrity_->takes_utf8(), Attempts(cost_, integrity_->cost()),
           [&](const Password& form) { return integrity_->Agrees(form, authenticated_.bytes); });
  }
  for (const EncryptedSafe& safe : encrypted_safes_) {
    decrypted_.push_back(Decrypted(safe.encryption, safe.ciphertext.bytes));
    ReadBags(AsBytes(decrypted_.back()), bags_);
  }

  Contents contents;
  contents.problems = std::move(problems_);
  contents.sealed_for_others = sealed_for_others_;
  contents.keys_seen = bags_.keys.size() + bags_.unsupported.size();
  contents.problems.insert(contents.problems.end(), bags_.unsupported.begin(), bags_.unsupported.end());
  read_.assign(bags_.keys.size(), false);
  ReadKeys(Wanted(choose), contents);
  for (const CertificateBag& bag : bags_.certificates) {
    OrProblem(contents, [&] {
      contents.certificates.push_back({Certificate::FromDer(bag.der.bytes), bag.attributes});
    });
  }
  return contents;
}

void Container::Unlock(Contents& contents) {
  ReadKeys(std::vector<bool>(bags_.keys.size(), true), contents);
  std::ranges::sort(contents.keys, {}, &StoredKey::place);
}

void Container::ReadKeys(const std::vector<bool>& wanted, Contents& contents) {
  const auto due = [&](std::size_t place) { return wanted[place] && !read_[place]; };
  for (std::size_t place = 0; place < bags_.keys.size(); ++place) {
    if (due(place) && bags_.keys[place].encryption) cost_.Charge(bags_.keys[place].encryption->cost());
  }
  contents.locked.clear();
  for (std::size_t place = 0; place < bags_.keys.size(); ++place) {
    if (due(place)) ReadKey(place, contents);
    if (!read_[place]) contents.locked.push_back(bags_.keys[place].attributes);
  }
}

void Container::ReadKey(std::size_t place, Contents& contents) {
  const KeyBag& bag = bags_.keys[place];
  read_[place] = true;
  Secret plain;
  // Where nothing has settled the password yet, a failure means the whole file's.
  const bool settles = bag.encryption && password_ == nullptr;
  if (settles) plain = Decrypted(*bag.encryption, bag.value.bytes);
  OrProblem(contents, [&] {
    if (bag.encryption && !settles) plain = Decrypted(*bag.encryption, bag.value.bytes);
    StoredKey key{FileKey::FromPkcs8(bag.encryption ? AsBytes(plain) : bag.value.bytes), bag.attributes,
                  place};
    if (!Holds(contents, key)) contents.keys.push_back(std::move(key));
  });
}

}  // namespace signet::inline pkcs12
