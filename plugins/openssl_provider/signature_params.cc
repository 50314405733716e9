// What EVP_PKEY_CTX_set_params and _get_params say to a signature.
#include "identity/hashes.h"
#include "openssl_provider/algorithm_identifier.h"
#include "openssl_provider/signature_context.h"
#include <signet/error.h>

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <strings.h>

namespace signet::provider {
namespace {

// Named by value, as OpenSSL 3.0's headers do not have them.
constexpr const char* kInstance = "instance";
constexpr const char* kContextString = "context-string";
constexpr const char* kNonceType = "nonce-type";
constexpr const char* kSignature = "signature";

struct NumberName {
  int number;
  const char* name;
};

constexpr NumberName kPaddings[] = {
    {RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15},
    {RSA_NO_PADDING, OSSL_PKEY_RSA_PAD_MODE_NONE},
    {RSA_PKCS1_PSS_PADDING, OSSL_PKEY_RSA_PAD_MODE_PSS},
    {RSA_PKCS1_OAEP_PADDING, OSSL_PKEY_RSA_PAD_MODE_OAEP},
    {RSA_X931_PADDING, OSSL_PKEY_RSA_PAD_MODE_X931},
};

constexpr NumberName kSalts[] = {
    {RSA_PSS_SALTLEN_DIGEST, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST},
    {RSA_PSS_SALTLEN_MAX, OSSL_PKEY_RSA_PSS_SALT_LEN_MAX},
    {RSA_PSS_SALTLEN_AUTO, OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO},
    {kSaltAutoDigestMax, "auto-digestmax"},
};

[[noreturn]] void Refuse(ErrorCode code, std::string detail) {
  throw Error({.code = code, .detail = std::move(detail)});
}

std::string_view Text(const OSSL_PARAM& param) {
  const char* text = nullptr;
  if (OSSL_PARAM_get_utf8_string_ptr(&param, &text) != 1 || text == nullptr) {
    Refuse(ErrorCode::kBadArgument, fmt::format("the parameter {} is not a text", param.key));
  }
  return text;
}

void CheckSet(int result) {
  if (result != 1)
    Refuse(ErrorCode::kBadArgument, "a parameter has the wrong type or is too short for its value");
}

int Number(const OSSL_PARAM& param) {
  int number = 0;
  if (OSSL_PARAM_get_int(&param, &number) != 1) {
    Refuse(ErrorCode::kBadArgument, fmt::format("the parameter {} is not a number", param.key));
  }
  return number;
}

// NumberOf reads a parameter that may be a number, or its name from `names`, or a number in words.
int NumberOf(const OSSL_PARAM& param, std::span<const NumberName> names) {
  if (param.data_type != OSSL_PARAM_UTF8_STRING) return Number(param);
  const std::string text(Text(param));
  for (const NumberName& row : names) {
    if (text == row.name) return row.number;
  }
  char* end = nullptr;
  const long number = std::strtol(text.c_str(), &end, 10);
  const bool known = number >= 0 || std::ranges::find(names, number, &NumberName::number) != names.end();
  if (text.empty() || *end != '\0' || !known || number > 65536) {
    Refuse(ErrorCode::kBadArgument, fmt::format("the parameter {} has an invalid value", param.key));
  }
  return static_cast<int>(number);
}

void SetNumber(OSSL_PARAM* param, int number, std::span<const NumberName> names) {
  if (param->data_type != OSSL_PARAM_UTF8_STRING) {
    CheckSet(OSSL_PARAM_set_int(param, number));
    return;
  }
  for (const NumberName& row : names) {
    if (row.number == number) return CheckSet(OSSL_PARAM_set_utf8_string(param, row.name));
  }
  CheckSet(OSSL_PARAM_set_utf8_string(param, std::to_string(number).c_str()));
}

Hash KnownHash(std::string_view name) {
  const auto hash = HashFromName(name);
  if (!hash)
    Refuse(ErrorCode::kUnsupported, fmt::format("signatures with the hash {} are not supported", name));
  return *hash;
}

// CheckEdwards lets through what asks for the pure form without context, which is all that a key here signs.
void CheckEdwards(const OSSL_PARAM params[]) {
  if (const OSSL_PARAM* instance = OSSL_PARAM_locate_const(params, kInstance)) {
    const std::string name(Text(*instance));
    if (strcasecmp(name.c_str(), "Ed25519") != 0 && strcasecmp(name.c_str(), "Ed448") != 0) {
      Refuse(ErrorCode::kUnsupported, fmt::format("signatures of the kind {} are not supported", name));
    }
  }
  const OSSL_PARAM* context = OSSL_PARAM_locate_const(params, kContextString);
  if (context != nullptr && context->data_size != 0) {
    Refuse(ErrorCode::kUnsupported, "EdDSA signatures with a context string are not supported");
  }
}

}  // namespace

bool SignatureContext::hash_is_fixed() const noexcept { return fixed_ || input_ == Input::kMessage; }

void SignatureContext::FixAlgorithm(SigningAlgorithm::Kind kind, Hash hash) {
  fixed_ = true;
  hash_ = hash;
  padding_ = kind == SigningAlgorithm::Kind::kRsaPss ? Padding::kPss : Padding::kPkcs1;
}

void SignatureContext::SetDigestName(const char* name) {
  const std::string_view given = name != nullptr ? name : "";
  if (edwards()) {
    if (!given.empty()) Refuse(ErrorCode::kBadArgument, "EdDSA takes no hash");
    return;
  }
  if (!given.empty()) {
    hash_ = KnownHash(given);
  } else if (hash_ == Hash::kNone) {
    hash_ = Hash::kSha256;
  }
  CheckRestriction();
}

void SignatureContext::SetDigest(std::string_view name) {
  const Hash hash = KnownHash(name);
  if (hash_is_fixed() && hash != hash_) Refuse(ErrorCode::kBadArgument, "the hash can no longer be changed");
  hash_ = hash;
  CheckRestriction();
}

void SignatureContext::CheckRestriction() const {
  if (!key_ || !key_->pss_restriction) return;
  const PssRestriction& allowed = *key_->pss_restriction;
  if (hash_ == allowed.hash && mgf1_hash() == allowed.mgf1_hash) return;
  Refuse(ErrorCode::kUnsupported, fmt::format("the RSA-PSS key is only for {} with MGF1 over {}",
                                              RowOf(allowed.hash).name, RowOf(allowed.mgf1_hash).name));
}

void SignatureContext::SetPadding(const OSSL_PARAM& param) {
  const int padding = NumberOf(param, kPaddings);
  const bool pss_key = key_ && key_->public_key.type() == KeyType::kRsaPss;
  const Padding before = padding_;
  if (padding == RSA_PKCS1_PSS_PADDING && operation_ != Operation::kVerifyRecover) {
    padding_ = Padding::kPss;
    if (hash_ == Hash::kNone) hash_ = Hash::kSha1;  // RFC 8017's default, and OpenSSL's
  } else if (padding == RSA_PKCS1_PADDING && !pss_key) {
    padding_ = Padding::kPkcs1;
  } else if (padding == RSA_NO_PADDING && !pss_key && input_ == Input::kDigest) {
    padding_ = Padding::kNone;
  } else if (padding == RSA_X931_PADDING) {
    Refuse(ErrorCode::kUnsupported, "X9.31 padding is not supported");
  } else {
    Refuse(ErrorCode::kBadArgument, "this padding does not match the key or operation");
  }
  if (fixed_ && padding_ != before) {
    padding_ = before;
    Refuse(ErrorCode::kBadArgument, "the padding is part of the signature algorithm");
  }
}

void SignatureContext::SetSalt(const OSSL_PARAM& param) {
  if (padding_ != Padding::kPss) Refuse(ErrorCode::kBadArgument, "a salt requires PSS padding");
  const int salt = NumberOf(param, kSalts);
  if (salt < kSaltAutoDigestMax) Refuse(ErrorCode::kBadArgument, "the salt length is invalid");
  if (key_ && key_->pss_restriction && salt >= 0 && salt < key_->pss_restriction->minimum_salt) {
    Refuse(ErrorCode::kUnsupported, "the salt is shorter than the RSA-PSS key requires");
  }
  salt_ = salt;
}

void SignatureContext::SetMgf1(std::string_view name) {
  if (padding_ != Padding::kPss) Refuse(ErrorCode::kBadArgument, "MGF1 requires PSS padding");
  mgf1_hash_ = KnownHash(name);
  CheckRestriction();
}

void SignatureContext::SetParams(const OSSL_PARAM params[]) {
  if (params == nullptr || params->key == nullptr) return;
  const auto find = [params](const char* name) { return OSSL_PARAM_locate_const(params, name); };
  if (const OSSL_PARAM* signature = find(kSignature)) {
    if (signature->data_type != OSSL_PARAM_OCTET_STRING)
      Refuse(ErrorCode::kBadArgument, "a signature must be an octet string");
    const auto* data = static_cast<const std::uint8_t*>(signature->data);
    expected_signature_.assign(data, data + signature->data_size);
  }
  if (edwards()) return CheckEdwards(params);
  if (const OSSL_PARAM* digest = find(OSSL_SIGNATURE_PARAM_DIGEST)) SetDigest(Text(*digest));
  if (const OSSL_PARAM* nonce = find(kNonceType); nonce != nullptr && Number(*nonce) != 0) {
    Refuse(ErrorCode::kUnsupported, "deterministic ECDSA is not supported: the token chooses the nonce");
  }
  if (!rsa()) return;
  if (const OSSL_PARAM* padding = find(OSSL_SIGNATURE_PARAM_PAD_MODE)) SetPadding(*padding);
  if (const OSSL_PARAM* salt = find(OSSL_SIGNATURE_PARAM_PSS_SALTLEN)) SetSalt(*salt);
  if (const OSSL_PARAM* mgf1 = find(OSSL_SIGNATURE_PARAM_MGF1_DIGEST)) SetMgf1(Text(*mgf1));
}

void SignatureContext::GetParams(OSSL_PARAM params[]) const {
  if (params == nullptr) return;
  const auto set_hash = [](OSSL_PARAM* param, Hash hash) {
    CheckSet(OSSL_PARAM_set_utf8_string(param, hash != Hash::kNone ? RowOf(hash).name : ""));
  };
  if (OSSL_PARAM* identifier = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID)) {
    const auto der = AlgorithmIdentifier(key().public_key.type(), Algorithm(true));
    CheckSet(OSSL_PARAM_set_octet_string(identifier, der.data(), der.size()));
  }
  if (edwards()) return;
  if (OSSL_PARAM* digest = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST)) set_hash(digest, hash_);
  if (OSSL_PARAM* size = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST_SIZE)) {
    CheckSet(OSSL_PARAM_set_size_t(size, hash_ != Hash::kNone ? RowOf(hash_).size : 0));
  }
  if (!rsa()) return;
  if (OSSL_PARAM* padding = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PAD_MODE)) {
    static constexpr int kNumbers[] = {RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_NO_PADDING};
    SetNumber(padding, kNumbers[static_cast<std::size_t>(padding_)], kPaddings);
  }
  if (OSSL_PARAM* salt = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN)) {
    SetNumber(salt, salt_, kSalts);
  }
  if (OSSL_PARAM* mgf1 = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST))
    set_hash(mgf1, mgf1_hash());
}

}  // namespace signet::provider
