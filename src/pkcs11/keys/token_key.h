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
#include <string>

namespace signet::inline pkcs11 {

// TokenKey is a private key on a token. In steady state a signature is C_SignInit and C_Sign. It is found
// again, by CKA_ID and public key, whenever its handle went stale. A signature that is not known to belong to
// the public key is verified in software before it is released, unless of the public key only type and curve
// are known.
class TokenKey final : public PrivateKey {
 public:
  // What finds the key again on its token.
  struct Mark {
    Bytes id;           // CKA_ID; empty: by label
    std::string label;  // CKA_LABEL
  };

  // TokenKey knows the key by its public part and has not seen it yet. Throws Error kTokenTrouble if the
  // token does not say what it can do.
  TokenKey(std::shared_ptr<Token> token, std::shared_ptr<const Credentials> credentials, Mark mark,
           PublicKey public_key);
  // Adopt takes the object, whose handle is good under the number `handles`, as the key; throws Error
  // kNoSigningKey if it may neither sign nor decrypt nor derive, and kKeyCertificateMismatch if it is
  // another key. A key that may not sign has no schemes from then on.
  void Adopt(const StoredObject& object, std::uint64_t handles);

  KeyType type() const noexcept override { return public_key_.type(); }
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override {
    return public_key_.spki();
  }
  // The token's word is believed where it tells the key's public part, else the first signature is.
  Proof proof() const noexcept override;
  std::vector<SignatureScheme> schemes() const override;
  std::size_t max_signature_size() const noexcept override { return public_key_.max_signature_size(); }
  bool Supports(const SigningAlgorithm& algorithm) const override;
  bool NeedsMessage(const SigningAlgorithm& algorithm) const override;
  std::size_t Sign(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> input,
                   std::span<std::uint8_t> signature) override;
  std::size_t SignWhole(const SigningAlgorithm& algorithm, std::span<const std::uint8_t> message,
                        std::span<std::uint8_t> signature) override;
  void RunAsync(std::function<void()> work) override;
  bool CanDecrypt(const DecryptionAlgorithm& algorithm) const override;
  std::size_t Decrypt(const DecryptionAlgorithm& algorithm, std::span<const std::uint8_t> input,
                      std::span<std::uint8_t> output) override;
  bool can_derive() const override;
  Secret Derive(std::span<const std::uint8_t> peer_point) override;
  std::string label() const override { return mark_.label; }
  std::string uri() const override {
    return ObjectUri(token_->info(), mark_.id, mark_.label, false, token_->name().slot);
  }
  void Unlock() override;
  std::optional<Error> Unavailable() const override;
  bool locked() const override { return !located_.load(std::memory_order_acquire); }
  bool in_hardware() const noexcept override { return true; }

 private:
  static constexpr std::size_t kMaxModulus =
      2048;  // bytes: RSA with 16384 bits, as long as OpenSSL's longest
  struct HandleCache {
    Mutex mutex;
    std::uint64_t handles SIGNET_GUARDED_BY(mutex) = 0;  // the number under which `handle` is good
    CK_OBJECT_HANDLE handle SIGNET_GUARDED_BY(mutex) = 0;
    // The object that is there is not ours, or may not sign.
    std::optional<Error> refusal SIGNET_GUARDED_BY(mutex);
  };
  // Trial is what an operation is tried with, and what came of the login in it.
  struct Trial {
    const ContextPin* context_pin = nullptr;  // for a key that wants its PIN at each operation
    int* refusals = nullptr;                  // CKR_USER_NOT_LOGGED_IN so far, in this operation
  };
  struct Job {
    const SigningAlgorithm& algorithm;
    std::span<const std::uint8_t> input;  // the digest, or its replacement
    std::span<std::uint8_t> signature;
    std::optional<std::span<const std::uint8_t>> message = {};  // what was hashed, where the caller gave it
    Trial trial = {};
    std::size_t size = 0;
  };
  enum class Outcome { kDone, kContextLoginWanted };

  std::shared_ptr<TokenKey> Self();
  Error NotForSigning() const;
  void NoteRefusal(const Error& error);
  CK_OBJECT_HANDLE HandleOn(Token::Lease& lease);
  StoredObject Locate(Token::Lease& lease) const;
  std::optional<StoredObject> LocateElsewhere(Token::Lease& lease) const;
  // Ambiguous is the error if `keys` private keys may be the right one.
  Error Ambiguous(std::size_t keys) const;
  // Operate has `operation(Lease&, Trial)` done, with a PIN for a key that wants one at each operation;
  // once more where that shows only now. `call` is for the message when even that does not help.
  template <class Operation>
  void Operate(const char* call, Operation operation);
  // LacksContextPin tells whether the key turned out to want its PIN at each operation after this one was
  // begun.
  bool LacksContextPin(const Trial& trial) const noexcept {
    return trial.context_pin == nullptr && always_authenticate_.load(std::memory_order_relaxed);
  }
  // WantsContextLogin tells of a refused operation whether the token wants the PIN for it: it refused twice
  // although the user is logged in. Believed for later ones only where the login then helps.
  bool WantsContextLogin(Token::Lease& lease, CK_RV rv, const Trial& trial);
  std::size_t raw_signature_size() const noexcept;

  // in token_signing.cc
  std::size_t SignGuarded(const Job& job);
  std::size_t SignHere(Job job);
  void CheckJob(const Job& job) const;
  Outcome SignOn(Token::Lease& lease, Job& job);
  // Try makes the signature by `plan`; nothing if the token refuses the mechanism, with `refusal`.
  std::optional<Outcome> Try(Token::Lease& lease, std::size_t plan, Job& job, CK_OBJECT_HANDLE handle,
                             CK_RV& refusal);
  // Remember notes which mechanisms were refused before `plan` worked.
  void Remember(std::size_t plan, MechanismSet refused) noexcept;
  Error NoMechanism(const Job& job) const;
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
    Trial trial = {};
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
  Error NoDecryption(const DecryptionAlgorithm& algorithm, CK_RV rv) const;
  // NotAllowed is the error of a key whose attribute does not let it be used to `use`.
  Error NotAllowed(const char* use, const char* attribute, const char* call) const;
  Error TooLong(const char* call, std::size_t size, std::size_t room) const;
  std::size_t Unpadded(const DecryptionAlgorithm& algorithm, const Decryption& job);
  std::shared_ptr<const KeySecret> RejectionSecret();

  // in token_derivation.cc
  Secret DeriveHere(std::span<const std::uint8_t> peer_point, std::size_t field);
  Secret DeriveOn(Token::Lease& lease, std::span<const std::uint8_t> peer_point, std::size_t field);

  const std::shared_ptr<Token> token_;
  const std::shared_ptr<const Credentials> credentials_;
  const Mark mark_;
  const PublicKey public_key_;
  const MechanismSet listed_;          // by the token
  std::atomic<MechanismSet> usable_;   // of those, what the key allows
  std::atomic<MechanismSet> late_{0};  // tried last: refused while another one of `usable_` worked
  std::atomic<bool> located_{false};
  std::atomic<bool> proven_{false};
  std::atomic<bool> signs_{true};  // CKA_SIGN
  std::atomic<bool> always_authenticate_{false};
  std::atomic<bool> private_{false};  // CKA_PRIVATE: not to be seen without login
  KeptSecret context_pin_;
  Mutex rejection_mutex_;
  std::shared_ptr<const KeySecret> rejection_secret_ SIGNET_GUARDED_BY(rejection_mutex_);
  mutable ForkLocal<HandleCache> handle_;
};

template <class Operation>
void TokenKey::Operate(const char* call, Operation operation) {
  int refusals = 0;
  for (bool suspected = false;;) {
    const bool exclusive = suspected || always_authenticate_.load(std::memory_order_relaxed);
    std::optional<ContextPin> pin;
    if (exclusive) pin = token_->PrepareContextLogin(*credentials_, context_pin_);
    const auto once = [&](Token::Lease& lease) {
      return operation(lease, Trial{.context_pin = pin ? &*pin : nullptr, .refusals = &refusals});
    };
    const Access access{.credentials = credentials_.get(),
                        .login_first = private_.load(std::memory_order_relaxed),
                        .exclusive = exclusive};
    if (token_->Use(access, once) == Outcome::kDone) {
      if (pin && pin->works) always_authenticate_ = true;
      return;
    }
    if (exclusive) throw RvError(CKR_USER_NOT_LOGGED_IN, call, token_->label()).WithUri(credentials_->uri);
    suspected = true;  // The token requires it, although the key did not.
  }
}

}  // namespace signet::inline pkcs11
