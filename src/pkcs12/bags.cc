#include "pkcs12/bags.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace signet::inline pkcs12 {
namespace {

constexpr std::string_view kKeyBag = "1.2.840.113549.1.12.10.1.1";
constexpr std::string_view kShroudedKeyBag = "1.2.840.113549.1.12.10.1.2";
constexpr std::string_view kCertificateBag = "1.2.840.113549.1.12.10.1.3";
constexpr std::string_view kSafeContentsBag = "1.2.840.113549.1.12.10.1.6";
constexpr std::string_view kX509Certificate = "1.2.840.113549.1.9.22.1";
constexpr std::string_view kFriendlyName = "1.2.840.113549.1.9.20";
constexpr std::string_view kLocalKeyId = "1.2.840.113549.1.9.21";
constexpr std::size_t kMaxBags = 1000;
constexpr std::size_t kMaxKeys = 100;
constexpr int kMaxDepth = 8;  // of SafeContents in SafeContents

void AppendUtf8(std::string& text, std::uint32_t point) {
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | point >> 6);
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0 | point >> 12);
    text += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | point >> 18);
    text += static_cast<char>(0x80 | (point >> 12 & 0x3f));
    text += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  }
}

// BmpToUtf8 takes surrogate pairs too, and U+FFFD for a lone surrogate. A trailing NUL is dropped: some write
// one.
std::string BmpToUtf8(Bytes bmp) {
  std::string text;
  for (std::size_t i = 0; i + 1 < bmp.size(); i += 2) {
    std::uint32_t unit = static_cast<std::uint32_t>(bmp[i]) << 8 | bmp[i + 1];
    if (unit == 0 && i + 3 >= bmp.size()) break;
    if (unit >= 0xd800 && unit < 0xe000) {
      const std::uint32_t low =
          i + 3 < bmp.size() ? static_cast<std::uint32_t>(bmp[i + 2]) << 8 | bmp[i + 3] : 0;
      if (unit < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        i += 2;
      } else {
        unit = 0xfffd;
      }
    }
    AppendUtf8(text, unit);
  }
  return text;
}

void ReadAttribute(BerReader attribute, BagAttributes& attributes) {
  const std::string oid = attribute.Oid("a bag attribute");
  if (oid != kFriendlyName && oid != kLocalKeyId) return;
  BerReader values = attribute.Enter(BerTag::kSet, "the values of a bag attribute");
  if (values.done()) return;
  const BerElement value = values.Next("the value of a bag attribute");
  if (oid == kFriendlyName && value.tag == BerTag::kBmpString) {
    attributes.friendly_name = BmpToUtf8(value.content);
  } else if (oid == kLocalKeyId &&
             (value.tag == BerTag::kOctetString || value.tag == BerTag::kConstructedOctetString)) {
    const BerOctets id = OctetsOf(value, "the localKeyID");
    attributes.local_key_id.emplace(id.bytes.begin(), id.bytes.end());
  }
}

BagAttributes ReadAttributes(BerReader& bag) {
  BagAttributes attributes;
  if (bag.done()) return attributes;
  BerReader set = bag.Enter(BerTag::kSet, "the bag's attributes");
  while (!set.done()) ReadAttribute(set.Enter(BerTag::kSequence, "a bag attribute"), attributes);
  return attributes;
}

void ReadShroudedKey(BerReader value, BagAttributes attributes, Bags& bags) {
  BerReader info = value.Enter(BerTag::kSequence, "an encrypted key");
  const BerReader algorithm = info.Enter(BerTag::kSequence, "the encryption of a key");
  BerOctets ciphertext = info.Octets("an encrypted key");
  try {
    bags.keys.push_back({Encryption::Read(algorithm), std::move(ciphertext), std::move(attributes)});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    bags.unsupported.push_back(error);
  }
}

void ReadCertificate(BerReader value, BagAttributes attributes, Bags& bags) {
  BerReader bag = value.Enter(BerTag::kSequence, "a certificate bag");
  if (bag.Oid("the kind of a certificate") != kX509Certificate) return;
  BerReader content = bag.Enter(BerTag::kContext0, "a certificate bag");
  bags.certificates.push_back({content.Octets("a certificate"), std::move(attributes)});
}

void ReadLevel(Bytes safe_contents, Bags& bags, int depth) {
  if (depth > kMaxDepth) ThrowMalformed(fmt::format("bags are nested more than {} levels deep", kMaxDepth));
  BerReader sequence = BerReader(safe_contents).Enter(BerTag::kSequence, "the list of bags");
  while (!sequence.done()) {
    if (++bags.seen > kMaxBags || bags.keys.size() + bags.unsupported.size() > kMaxKeys) {
      throw Error(
          {.code = ErrorCode::kTooCostly,
           .detail = fmt::format("the file contains more than {} keys or {} objects", kMaxKeys, kMaxBags),
           .hint = "Export only the required identity."});
    }
    BerReader bag = sequence.Enter(BerTag::kSequence, "a bag");
    const std::string kind = bag.Oid("the kind of a bag");
    const BerElement value = bag.Expect(BerTag::kContext0, "the value of a bag");
    BagAttributes attributes = ReadAttributes(bag);
    if (kind == kKeyBag) {
      bags.keys.push_back({std::nullopt, {.joined = {}, .bytes = value.content}, std::move(attributes)});
    } else if (kind == kShroudedKeyBag) {
      ReadShroudedKey(BerReader(value.content), std::move(attributes), bags);
    } else if (kind == kCertificateBag) {
      ReadCertificate(BerReader(value.content), std::move(attributes), bags);
    } else if (kind == kSafeContentsBag) {
      ReadLevel(value.content, bags, depth + 1);
    }
  }
}

}  // namespace

void ReadBags(Bytes safe_contents, Bags& bags) { ReadLevel(safe_contents, bags, 0); }

}  // namespace signet::inline pkcs12
