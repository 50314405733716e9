// Operations of a token's key inside OpenSSL's async jobs, on their own: no handshake is around them.
#include "openssl_provider/counting_key.h"
#include "openssl_provider/provider_entry.h"
#include "openssl_provider/token_pem.h"

#include <functional>

#include <openssl/async.h>
#include <openssl/rsa.h>
#include <poll.h>

namespace signet {
namespace {

using Octets = std::vector<unsigned char>;

// InJob does `work` in an async job, waits for its descriptor whenever it pauses, and tells how often it did.
int InJob(std::function<void()> work) {
  const OpenSslPtr<ASYNC_WAIT_CTX> waiting(ASYNC_WAIT_CTX_new());
  ASYNC_JOB* job = nullptr;
  std::function<void()>* argument = &work;
  int result = 0;
  int pauses = 0;
  const auto run = [](void* given) {
    (**static_cast<std::function<void()>**>(given))();
    return 1;
  };
  while (ASYNC_start_job(&job, waiting.get(), &result, run, &argument, sizeof argument) == ASYNC_PAUSE) {
    ++pauses;
    OSSL_ASYNC_FD descriptor = -1;
    std::size_t count = 0;
    EXPECT_EQ(ASYNC_WAIT_CTX_get_all_fds(waiting.get(), nullptr, &count), 1);
    EXPECT_EQ(count, 1u);
    EXPECT_EQ(ASYNC_WAIT_CTX_get_all_fds(waiting.get(), &descriptor, &count), 1);
    pollfd entry{descriptor, POLLIN, 0};
    EXPECT_EQ(poll(&entry, 1, 20'000), 1) << "nobody woke the job";
  }
  EXPECT_EQ(result, 1) << TakeErrors();
  return pauses;
}

// What takes a while on the token is not over before the job has paused.
testing::ModuleBehaviour Slow() {
  return {.delays_us = {{"C_Decrypt", 50'000}, {"C_DeriveKey", 50'000}, {"C_Sign", 50'000}}};
}

// A program learns of a descriptor by a pause, and may take it for a mistake when the wait context has one of
// which it was not told.
TEST(AsyncJob, PausesThoughTheAnswerIsThereAlready) {
  const auto token_key = std::make_shared<CountingKey>(testing::TestPki().Issue({}));  // it works at once
  const LibraryContext library;
  const auto key = provider::MakeKey(library.get(), token_key);
  EXPECT_EQ(InJob([&] { EXPECT_TRUE(Signs(library.get(), key.get())); }), 1);
  EXPECT_EQ(token_key->signatures, 1);
}

class AsyncJobOfRsa : public TokenPem {
 protected:
  AsyncJobOfRsa() : TokenPem("rsa:2048", true, Slow()) {}
};

TEST_F(AsyncJobOfRsa, ADecryptionPausesIt) {
  const auto token_key = key();
  const Octets message = {'h', 'e', 'l', 'l', 'o'};
  Octets encrypted(256), decrypted(256);
  std::size_t size = encrypted.size();
  const OpenSslPtr<EVP_PKEY_CTX> encryption(EVP_PKEY_CTX_new_from_pkey(library(), token_key.get(), nullptr));
  ASSERT_EQ(EVP_PKEY_encrypt_init(encryption.get()), 1);
  ASSERT_EQ(EVP_PKEY_encrypt(encryption.get(), encrypted.data(), &size, message.data(), message.size()), 1);
  const OpenSslPtr<EVP_PKEY_CTX> decryption(EVP_PKEY_CTX_new_from_pkey(library(), token_key.get(), nullptr));
  ASSERT_EQ(EVP_PKEY_decrypt_init(decryption.get()), 1);
  size = decrypted.size();
  int decrypt = 0;
  const int pauses = InJob([&] {
    decrypt = EVP_PKEY_decrypt(decryption.get(), decrypted.data(), &size, encrypted.data(), encrypted.size());
  });
  ASSERT_EQ(decrypt, 1) << TakeErrors();
  decrypted.resize(size);
  EXPECT_EQ(decrypted, message);
  EXPECT_GE(pauses, 1);
}

class AsyncJobOfEc : public TokenPem {
 protected:
  AsyncJobOfEc() : TokenPem("ec:P-256", true, Slow()) {}
};

TEST_F(AsyncJobOfEc, ADerivationPausesIt) {
  const auto token_key = key();
  const OpenSslPtr<EVP_PKEY> peer(EVP_PKEY_Q_keygen(library(), nullptr, "EC", "P-256"));
  Octets agreed(32), expected(32);
  std::size_t size = agreed.size();
  const OpenSslPtr<EVP_PKEY_CTX> other_side(EVP_PKEY_CTX_new_from_pkey(library(), peer.get(), nullptr));
  const auto public_part = software();
  ASSERT_EQ(EVP_PKEY_derive_init(other_side.get()), 1);
  ASSERT_EQ(EVP_PKEY_derive_set_peer(other_side.get(), public_part.get()), 1) << TakeErrors();
  ASSERT_EQ(EVP_PKEY_derive(other_side.get(), expected.data(), &size), 1) << TakeErrors();
  const OpenSslPtr<EVP_PKEY_CTX> derivation(EVP_PKEY_CTX_new_from_pkey(library(), token_key.get(), nullptr));
  ASSERT_EQ(EVP_PKEY_derive_init(derivation.get()), 1);
  const auto public_peer = PublicOf(library(), peer.get());
  ASSERT_EQ(EVP_PKEY_derive_set_peer(derivation.get(), public_peer.get()), 1) << TakeErrors();
  int derive = 0;
  const int pauses = InJob([&] { derive = EVP_PKEY_derive(derivation.get(), agreed.data(), &size); });
  ASSERT_EQ(derive, 1) << TakeErrors();
  EXPECT_EQ(agreed, expected);
  EXPECT_GE(pauses, 1);
}

TEST_F(AsyncJobOfEc, WorkInSoftwareDoesNot) {
  const auto plain = software();
  EXPECT_EQ(InJob([&] { EXPECT_TRUE(Signs(library(), plain.get())); }), 0);
  const auto token_key = key();
  EXPECT_GE(InJob([&] { EXPECT_TRUE(Signs(library(), token_key.get())); }), 1);
}

}  // namespace
}  // namespace signet
