#include "botan/private_key.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "botan/padding.h"
#include "identity/hashes.h"

#include <botan/hash.h>
#include <fmt/format.h>

namespace signet::botan {
namespace {

// ToPair turns a DER Ecdsa-Sig-Value into r || s, each `size` bytes (IEEE 1363), which is what Botan's
// operations give.
ByteVector ToPair(Bytes der, std::size_t size) {
  const OpenSslErrorMark mark;
  const unsigned char* position = der.data();
  const OpenSslPtr<ECDSA_SIG> signature(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(der.size())));
  CheckOpenSsl(signature.get(), "d2i_ECDSA_SIG");
  ByteVector pair(2 * size);
  const int width = static_cast<int>(size);
  CheckOpenSsl(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), pair.data(), width), "BN_bn2binpad");
  CheckOpenSsl(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), pair.data() + size, width), "BN_bn2binpad");
  return pair;
}

// Signer hashes here and lets the key sign the digest, or keeps the message for a key that signs
// nothing else.
class Signer final : public SignerBase {
 public:
  // `inner_hash` is Botan's name of the hash inside a pure algorithm (EdDSA), which signs the message itself.
  Signer(std::shared_ptr<signet::PrivateKey> key, const SigningAlgorithm& algorithm, std::size_t element_size,
         Botan::AlgorithmIdentifier key_algorithm, std::string inner_hash)
      : key_(std::move(key)),
        algorithm_(algorithm),
        element_size_(element_size),
        key_algorithm_(std::move(key_algorithm)),
        inner_hash_(std::move(inner_hash)) {
    if (algorithm_.hash != Hash::kNone && !key_->locked() && !key_->NeedsMessage(algorithm_))
      hash_ = Botan::HashFunction::create_or_throw(HashName());
  }

  std::size_t signature_length() const override {
    return element_size_ != 0 ? 2 * element_size_ : key_->max_signature_size();
  }

 protected:
  void Update(Bytes message) override {
    if (hash_ != nullptr) {
      hash_->update(message.data(), message.size());
    } else {
      message_.insert(message_.end(), message.begin(), message.end());
    }
  }

  ByteVector Finish() override {
    ByteVector input = std::exchange(message_, {});
    if (hash_ != nullptr) {
      input.resize(hash_->output_length());
      hash_->final(input.data());
    }
    ByteVector signature(key_->max_signature_size());
    try {
      signature.resize(hash_ != nullptr ? key_->Sign(algorithm_, input, signature)
                                        : key_->SignWhole(algorithm_, input, signature));
      return element_size_ != 0 ? ToPair(signature, element_size_) : signature;
    } catch (const Error& error) {
      throw SigningError(error);
    }
  }

  std::string HashName() const override {
    return algorithm_.hash == Hash::kNone ? inner_hash_ : std::string(RowOf(algorithm_.hash).alias);
  }

  Botan::AlgorithmIdentifier Algorithm() const override {
    switch (algorithm_.kind) {
      case SigningAlgorithm::Kind::kRsaPss:
        if (algorithm_.mgf1_hash != algorithm_.hash) {
          throw SigningError(
              Error({.code = ErrorCode::kUnsupported,
                     .detail = "Botan does not support RSA-PSS parameters with a different hash in MGF1",
                     .hint = "Use one hash for both."}));
        }
        return PssAlgorithm(HashName(), static_cast<std::size_t>(algorithm_.salt_length));
      case SigningAlgorithm::Kind::kRsaPkcs1:
        return {fmt::format("RSA/PKCS1v15({})", HashName()), Botan::AlgorithmIdentifier::USE_NULL_PARAM};
      case SigningAlgorithm::Kind::kEcdsa:
        return {fmt::format("ECDSA/{}", HashName()), Botan::AlgorithmIdentifier::USE_EMPTY_PARAM};
      default:
        return key_algorithm_;
    }
  }

 private:
  std::shared_ptr<signet::PrivateKey> key_;
  SigningAlgorithm algorithm_;
  std::size_t element_size_;
  Botan::AlgorithmIdentifier key_algorithm_;
  std::string inner_hash_;
  std::unique_ptr<Botan::HashFunction> hash_;  // null: the message itself goes to the key
  ByteVector message_;
};

// AlgorithmNamed throws the exception of Botan's own keys for an unknown padding: PKCS#10 and X.509 try
// "PSS" first, and then "PSS(SHA-256)".
SigningAlgorithm AlgorithmNamed(KeyType type, std::string_view padding) try {
  return AlgorithmFor(type, padding);
} catch (const Error& error) {
  throw Botan::Lookup_Error(std::string(error.what()));
}

}  // namespace

PrivateKey::PrivateKey(std::shared_ptr<signet::PrivateKey> key) try
    : KeyBase(key->subject_public_key_info()), key_(std::move(key)) {
} catch (const Botan::Exception& exception) {
  throw Error({.code = ErrorCode::kUnsupported,
               .detail = fmt::format("Botan cannot use the key's algorithm: {}", exception.what()),
               .call = "Botan::X509::load_key"});
}

std::unique_ptr<Botan::PK_Ops::Signature> PrivateKey::MakeSigner(std::string_view padding) const {
  const SigningAlgorithm algorithm = AlgorithmNamed(key_->type(), padding);
  try {
    if (!key_->Supports(algorithm)) {
      throw Error({.code = ErrorCode::kUnsupported,
                   .detail = fmt::format("the key does not support {}", padding),
                   .hint = "Choose another padding or hash in the program's policy."});
    }
    using Kind = SigningAlgorithm::Kind;
    const bool pure = algorithm.kind == Kind::kEdDsa || algorithm.kind == Kind::kMlDsa;
    return std::make_unique<Signer>(key_, algorithm, ElementSize(), algorithm_identifier(),
                                    pure ? InnerHash() : "Raw");
  } catch (const Error& error) {
    throw SigningError(error);
  }
}

std::unique_ptr<Botan::Private_Key> MakePrivateKey(std::shared_ptr<signet::PrivateKey> key) {
  return std::make_unique<PrivateKey>(std::move(key));
}

}  // namespace signet::botan
