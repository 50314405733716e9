#pragma once

#include "identity/public_key.h"
#include "pkcs11/keys/mechanism_plan.h"
#include "pkcs11/objects/attributes.h"
#include "pkcs11/objects/uri.h"
#include "pkcs11/token/token.h"
#include <signet/private_key.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

namespace signet {

// TokenKey is a private key on a token. In steady state a signature is C_SignInit and C_Sign. It is found
// again, by CKA_ID and public key, whenever its handle went stale. A signature that is not known to belong to
// the public key is verified in software before it is released.
class TokenKey final : public PrivateKey {
 public:
  // What finds the key again on its token.
  struct Mark {
    Bytes id;           // CKA_ID; empty: by label
    std::string label;  // CKA_LABEL
  };

  // TokenKey knows the key by its public part and has not seen it yet. Throws Error kTokenTrouble when the
  // token does not say what it can do.
  TokenKey(std::shared_ptr<Token> token, std::shared_ptr<const Credentials> credentials, Mark mark,
           PublicKey public_key);
  // Adopt takes the object, seen in `epoch`, as the key; throws Error kNoSigningKey when it may neither sign
  // nor decrypt nor derive, and kKeyCertificateMismatch when it is another key. A key that may not sign has
  // no schemes from then on.
  void Adopt(const StoredObject& object, std::uint64_t epoch);

  KeyType type() const noexcept override { return public_key_.type(); }
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override {
    return public_key_.spki();
  }
  std::vector<SignatureScheme> schemes() const override;
  std::size_t max_signature_size() const noexcept override { return public_key_.max_signature_size(); }
  bool Supports(const SigningAlgorithm& algorithm) const override;
  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override;
  void RunAsync(std::function<void()> work) override;
  bool CanDecrypt(const DecryptionAlgorithm& algorithm) const override;
  std::size_t Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                      std::span<std::uint8_t> output) override;
  bool can_derive() const override;
  Secret Derive(std::span<const std::uint8_t> peer_point) override;
  std::string uri() const override { return ObjectUri(token_->info(), mark_.id, mark_.label, false); }
  void Unlock() override;
  std::optional<Error> Unavailable() const override;
  bool locked() const override { return !located_.load(std::memory_order_acquire); }
  bool in_hardware() const noexcept override { return true; }

 private:
  static constexpr std::size_t kMaxModulus =
      2048;  // bytes: RSA with 16384 bits, as long as OpenSSL's longest
  struct HandleCache {
    std::mutex mutex;
    std::uint64_t epoch = 0;
    CK_OBJECT_HANDLE handle = 0;
    std::optional<Error> refusal;  // the object that is there is not ours, or may not sign
  };
  struct Job {
    const SigningAlgorithm& algorithm;
    std::span<const std::uint8_t> input;
    std::span<std::uint8_t> signature;
    const Token::ContextPin* context_pin = nullptr;  // for a key that wants its PIN at each signature
    std::size_t size = 0;
  };
  enum class Outcome { kDone, kContextLoginWanted };

  std::shared_ptr<TokenKey> Self();
  Error NotForSigning() const;
  void NoteRefusal(const Error& error);
  CK_OBJECT_HANDLE HandleOn(Token::Lease& lease);
  StoredObject Locate(Token::Lease& lease) const;
  // Operate has `operation(Lease&, const Token::ContextPin*)` done, with a PIN for a key that wants one at
  // each operation; once more where that shows only now. `call` is for the message when even that does not
  // help.
  template <class Operation>
  void Operate(const char* call, Operation operation);
  std::size_t raw_signature_size() const noexcept;

  // in token_signing.cc
  std::size_t SignHere(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                       std::span<std::uint8_t> signature);
  void CheckJob(const Job& job) const;
  Outcome SignOn(Token::Lease& lease, Job& job);
  CK_RV Begin(Token::Lease& lease, const MechanismRow& row, const Job& job, CK_OBJECT_HANDLE handle);
  Outcome Finish(Token::Lease& lease, const MechanismRow& row, Job& job);
  std::span<const std::uint8_t> Encoded(const MechanismRow& row, const Job& job,
                                        std::span<std::uint8_t> room) const;
  void TakeSignature(Job& job, std::span<const std::uint8_t> raw);

  // in token_decryption.cc
  struct Decryption {
    std::span<const std::uint8_t> input;
    std::span<std::uint8_t> output;
    CK_MECHANISM mechanism = {};
    const Token::ContextPin* context_pin = nullptr;
    CK_RV rv = CKR_OK;
    std::size_t size = 0;
  };
  using KeySecret = std::array<std::uint8_t, 32>;
  void CheckDecryption(std::size_t input, std::size_t output) const;
  std::size_t DecryptHere(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                          std::span<std::uint8_t> output);
  void Run(Decryption& job);
  Outcome DecryptOn(Token::Lease& lease, Decryption& job);
  static void FillInFront(Decryption& job);
  std::size_t Unpadded(const DecryptionAlgorithm& algorithm, const Decryption& job);
  std::shared_ptr<const KeySecret> RejectionSecret();

  // in token_derivation.cc
  Secret DeriveHere(std::span<const std::uint8_t> peer_point, std::size_t field);
  Secret DeriveOn(Token::Lease& lease, std::span<const std::uint8_t> peer_point, std::size_t field);

  const std::shared_ptr<Token> token_;
  const std::shared_ptr<const Credentials> credentials_;
  const Mark mark_;
  const PublicKey public_key_;
  std::atomic<MechanismSet> usable_;
  std::atomic<bool> located_{false};
  std::atomic<bool> proven_{false};
  std::atomic<bool> signs_{true};  // CKA_SIGN
  std::atomic<bool> always_authenticate_{false};
  KeptSecret context_pin_;
  std::mutex rejection_mutex_;
  std::shared_ptr<const KeySecret> rejection_secret_;
  mutable ForkLocal<HandleCache> handle_;
};

template <class Operation>
void TokenKey::Operate(const char* call, Operation operation) {
  if (locked()) Unlock();
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool exclusive = always_authenticate_.load(std::memory_order_relaxed);
    std::optional<Token::ContextPin> pin;
    if (exclusive) pin = token_->PrepareContextLogin(*credentials_, context_pin_);
    const auto once = [&](Token::Lease& lease) { return operation(lease, pin ? &*pin : nullptr); };
    if (token_->Use(credentials_.get(), exclusive, once) == Outcome::kDone) return;
    always_authenticate_ = true;  // The token says so, though the key did not.
  }
  throw RvError(CKR_USER_NOT_LOGGED_IN, call, token_->label()).WithUri(credentials_->uri);
}

}  // namespace signet
