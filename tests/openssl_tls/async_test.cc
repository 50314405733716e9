// Handshakes in OpenSSL's async mode, with keys on a token that is slow as we tell it: many on one thread.
#include "openssl_tls/event_loop.h"
#include "openssl_tls/memory_handshake.h"
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <openssl/err.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet {
namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using testing::ModuleBehaviour;
using ::testing::Pair;
using testing::SoftHsm;
using testing::TestIdentity;
using testing::TestPki;
using testing::WrappedModule;

constexpr int kInFlight = 16;

std::size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class FixedPrompt final : public PinPrompt {
 public:
  std::optional<Secret> Ask(const PinRequest&) override { return Secret("1234"); }
};

struct Case {
  std::string name;
  std::string version;
  bool server_key_on_token;  // else the client's
  std::string key;
};

class Async : public ::testing::TestWithParam<Case> {
 protected:
  Async() : on_token_(pki_.Issue(Options())) {
    hsm_.Import(on_token_, {});
    module_ = std::make_unique<WrappedModule>(hsm_);
    Settings settings;
    settings.modules = {module_->path()};
    source_ = std::make_unique<IdentitySource>(settings);
    identity_ = source_->Open(hsm_.ObjectUri("\x01", true));
    identity_->key()->Unlock();
    const bool server = GetParam().server_key_on_token;
    server_context_ = ServerContext(server_, pki_.root());
    client_context_ = ClientContext(server ? pki_.root() : server_pki_.root());
    openssl::UseIdentity(server ? server_context_.get() : client_context_.get(), *identity_);
    if (server) openssl::UseIdentity(client_context_.get(), client_identity_.identity);
    for (SSL_CTX* context : {server_context_.get(), client_context_.get()}) {
      SetVersion(context, GetParam().version);
      SSL_CTX_set_mode(context, SSL_MODE_ASYNC);
      SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    module_->Reset();
  }

  static CertificateOptions Options() {
    CertificateOptions options =
        GetParam().server_key_on_token ? CertificateOptions::Server() : CertificateOptions{};
    options.key = GetParam().key;
    options.common_name = "on-token";
    return options;
  }
  // SeenByPeer is the name in the certificate that came from the token's side.
  static std::string SeenByPeer(const EventLoop::Connection& connection) {
    const auto& side = GetParam().server_key_on_token ? connection.client : connection.server;
    const X509* certificate = SSL_get0_peer_certificate(side.ssl.get());
    if (certificate == nullptr) return {};
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    return name;
  }
  EventLoop::Connection& Add(EventLoop& loop) {
    return loop.Add(client_context_.get(), server_context_.get());
  }
  void Gather(std::uint64_t calls) {
    ModuleBehaviour behaviour = module_->behaviour();
    behaviour.gather = {{"C_Sign", calls}};
    module_->Set(behaviour);
  }
  // WaitForSignatureUnderWay waits until a worker is in C_Sign, and holds no lock of libcrypto's that a child
  // would inherit.
  void WaitForSignatureUnderWay() const {
    const auto under_way = [this] {
      const auto trace = module_->Trace();
      return std::ranges::any_of(
          trace, [](const auto& call) { return call.function == "C_Sign" && call.result == 0x51; });
    };
    for (int i = 0; i < 20'000 && !under_way(); ++i) usleep(1000);
  }
  // WaitForSignatures waits until this number of C_Sign have ended.
  void WaitForSignatures(std::size_t count) const {
    const auto ended = [this] {
      const auto trace = module_->Trace();
      return std::ranges::count_if(trace, [](const auto& call) {
        return call.function == "C_Sign" && call.result != 0x51;  // CKR_FUNCTION_NOT_PARALLEL: in progress
      });
    };
    for (int i = 0; i < 20'000 && static_cast<std::size_t>(ended()) < count; ++i) usleep(1000);
  }

  TestPki pki_{CertificateOptions::Ca("Client Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  TestIdentity server_ = server_pki_.Issue(CertificateOptions::Server());
  TestIdentity on_token_;
  TokenIdentity client_identity_{pki_.Issue({.common_name = "client"})};
  SoftHsm hsm_;
  std::unique_ptr<WrappedModule> module_;
  std::unique_ptr<IdentitySource> source_;
  std::optional<Identity> identity_;
  OpenSslPtr<SSL_CTX> server_context_;
  OpenSslPtr<SSL_CTX> client_context_;
};

class AsyncClient : public Async {};

// AsyncError is not for AddressSanitizer, which does not know the stacks of OpenSSL's jobs: an exception that
// passes there leaves its marks on them, and it takes them for errors later.
class AsyncError : public Async {
 protected:
  void SetUp() override {
    if (std::string_view(SIGNET_SANITIZER_RUNTIME).find("libasan") != std::string_view::npos)
      GTEST_SKIP() << "exceptions on a job's stack";
  }
};

std::vector<Case> Clients() {
  return {{"ClientTls12", "1.2", false, "ec:P-256"},
          {"ClientTls13", "1.3", false, "ec:P-256"},
          {"ClientTls12Rsa", "1.2", false, "rsa:2048"},
          {"ClientTls13Ed25519", "1.3", false, "ed25519"}};
}

std::vector<Case> Both() {
  std::vector<Case> cases = Clients();
  cases.push_back({"ServerTls12", "1.2", true, "ec:P-256"});
  cases.push_back({"ServerTls13", "1.3", true, "ec:P-256"});
  return cases;
}

std::string NameOf(const ::testing::TestParamInfo<Case>& one) { return one.param.name; }

INSTANTIATE_TEST_SUITE_P(Tls, Async, ::testing::ValuesIn(Both()), NameOf);
INSTANTIATE_TEST_SUITE_P(Tls, AsyncError, ::testing::ValuesIn(Both()), NameOf);
INSTANTIATE_TEST_SUITE_P(Tls, AsyncClient, ::testing::ValuesIn(Clients()), NameOf);

TEST_P(Async, ManyHandshakesOverlapOnOneThreadAtTwoCallsEach) {
  Gather(kInFlight);  // no C_Sign returns before all of them are in progress
  EventLoop loop;
  std::vector<EventLoop::Connection*> connections;
  for (int i = 0; i < kInFlight; ++i) connections.push_back(&Add(loop));
  EXPECT_EQ(loop.Run(), kInFlight);
  EXPECT_GE(module_->MaxInFlight(), kInFlight);
  EXPECT_GE(loop.pauses(), kInFlight);
  EXPECT_GE(loop.waits(), 1);
  EXPECT_THAT(module_->Counts(), IsSupersetOf({Pair("C_SignInit", kInFlight), Pair("C_Sign", kInFlight)}));
  // Each session that is opened is compared with the token.
  EXPECT_EQ(module_->Count("*") - 2 * module_->Count("C_OpenSession"), 2u * kInFlight);
  for (const auto* connection : connections) EXPECT_EQ(SeenByPeer(*connection), "on-token");
}

TEST_P(Async, APausedHandshakeIsReportedAndItsDescriptorBecomesReadable) {
  Gather(2);  // nothing comes back before a second call
  EventLoop loop;
  const EventLoop::Connection& connection = Add(loop);
  ASSERT_TRUE(loop.RunUntilAllPause());
  SSL* const paused = (GetParam().server_key_on_token ? connection.server : connection.client).ssl.get();
  EXPECT_EQ(SSL_waiting_for_async(paused), 1);
  auto descriptors = Descriptors(paused);
  ASSERT_EQ(descriptors.size(), 1u);
  EXPECT_EQ(poll(descriptors.data(), 1, 0), 0) << "not readable while the call is under way";
  // An early call reports again that it is paused.
  EXPECT_EQ(SSL_get_error(paused, SSL_do_handshake(paused)), SSL_ERROR_WANT_ASYNC);
  EXPECT_TRUE(identity_->key()->SignMessage(identity_->key()->schemes().at(0), {}).size() > 0);
  EXPECT_EQ(poll(descriptors.data(), 1, 20'000), 1);
  EXPECT_EQ(loop.Run(), 1);
  EXPECT_EQ(SeenByPeer(connection), "on-token");
  EXPECT_EQ(poll(descriptors.data(), 1, 0), 0) << "not readable any more";
}

TEST_P(Async, AProgramMayBeCalledInsteadOfWaiting) {
  std::atomic<int> called{0};
  EventLoop loop;
  const EventLoop::Connection& connection = Add(loop);
  for (SSL* side : {connection.client.ssl.get(), connection.server.ssl.get()}) {
    SSL_set_async_callback_arg(side, &called);
    SSL_set_async_callback(side,
                           [](SSL*, void* argument) { return ++*static_cast<std::atomic<int>*>(argument); });
  }
  EXPECT_EQ(loop.Run(), 1);
  const int expected = GetParam().server_key_on_token ? 2 : 1;  // its client signs too, with Signet's key
  for (int i = 0; i < 20'000 && called < expected; ++i) usleep(1000);
  EXPECT_EQ(called, expected);
}

TEST_P(AsyncError, ReachesTheHandshakeThatItConcerns) {
  module_->RemoveToken();
  EventLoop loop;
  const EventLoop::Connection& connection = Add(loop);
  EXPECT_EQ(loop.Run(), 0);
  const auto& side = GetParam().server_key_on_token ? connection.server : connection.client;
  EXPECT_EQ(side.state, EventLoop::State::kFailed);
  module_->ReturnToken();
  EventLoop again;
  Add(again);
  EXPECT_EQ(again.Run(), 1);
}

TEST_P(AsyncError, IsInTheQueueWithCauseAndHintThoughAnotherThreadSaw) {
  Gather(2);
  EventLoop loop;
  const EventLoop::Connection& connection = Add(loop);
  ASSERT_TRUE(loop.RunUntilAllPause());
  SSL* const paused = (GetParam().server_key_on_token ? connection.server : connection.client).ssl.get();
  ModuleBehaviour behaviour;
  behaviour.faults = {{.function = "C_Sign", .result = 0x30, .times = 0, .after = true}};  // CKR_DEVICE_ERROR
  module_->Set(behaviour);
  EXPECT_ANY_THROW(identity_->key()->SignMessage(identity_->key()->schemes().at(0), {}));
  std::string text;
  auto descriptors = Descriptors(paused);
  poll(descriptors.data(), descriptors.size(), 20'000);
  EXPECT_EQ(SSL_get_error(paused, SSL_do_handshake(paused)), SSL_ERROR_SSL);
  ERR_print_errors_cb(
      [](const char* line, std::size_t size, void* all) {
        static_cast<std::string*>(all)->append(line, size);
        return 1;
      },
      &text);
  EXPECT_THAT(text, HasSubstr("the device reports a fault"));
  EXPECT_THAT(text, HasSubstr("reinsert the card"));
}

TEST_P(AsyncClient, ASelectedIdentityIsUnlockedWhileTheHandshakeIsPaused) {
  // The login goes with the last session: nobody else may hold one.
  client_context_ = ClientContext(server_pki_.root());
  SetVersion(client_context_.get(), GetParam().version);
  SSL_CTX_set_mode(client_context_.get(), SSL_MODE_ASYNC);
  identity_.reset();
  source_.reset();
  Settings settings;
  settings.modules = {module_->path()};
  const IdentitySource another(settings, std::make_shared<FixedPrompt>());
  const Identity locked = another.Open(hsm_.ObjectUri("\x01"));
  ASSERT_TRUE(locked.key()->locked());
  openssl::UseSelector(client_context_.get(), IdentitySet({locked}));
  module_->Reset();
  ModuleBehaviour behaviour;
  behaviour.gather = {{"C_Login", 2}};
  module_->Set(behaviour);
  EventLoop loop;
  const EventLoop::Connection& connection = Add(loop);
  ASSERT_TRUE(loop.RunUntilAllPause());
  module_->Set({});
  EXPECT_EQ(loop.Run(), 1);
  EXPECT_EQ(SeenByPeer(connection), "on-token");
}

TEST_P(Async, ConnectionsMayBeDroppedWhileTheyArePaused) {
  {
    EventLoop first;  // what is made once is made
    Add(first);
    ASSERT_EQ(first.Run(), 1);
  }
  module_->Reset();
  const std::size_t descriptors = OpenDescriptors();  // at most one more, which a worker is about to close
  Gather(5);
  EventLoop loop;
  for (int i = 0; i < 4; ++i) Add(loop);
  ASSERT_TRUE(loop.RunUntilAllPause());
  loop.Drop();
  identity_->key()->SignMessage(identity_->key()->schemes().at(0), {});  // the fifth
  WaitForSignatures(5);
  for (int i = 0; i < 5'000 && OpenDescriptors() > descriptors; ++i) usleep(1000);
  EXPECT_LE(OpenDescriptors(), descriptors);
  EventLoop next;
  Add(next);
  EXPECT_EQ(next.Run(), 1);
}

TEST_P(Async, AForkedChildHasItsOwnWorkers) {
  Gather(2);
  EventLoop loop;
  Add(loop);
  ASSERT_TRUE(loop.RunUntilAllPause());
  WaitForSignatureUnderWay();  // in the parent; it never ends in the child
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    EventLoop own;
    Add(own);
    _exit(own.Run() == 1 ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(loop.Run(), 1);
}

TEST_P(Async, AHandshakeThatWasPausedAtAForkEndsInTheChildToo) {
  Gather(2);
  EventLoop loop;
  const EventLoop::Connection& connection = Add(loop);
  ASSERT_TRUE(loop.RunUntilAllPause());
  WaitForSignatureUnderWay();
  SSL* const paused = (GetParam().server_key_on_token ? connection.server : connection.client).ssl.get();
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    SSL_do_handshake(paused);  // The child begins again, under a descriptor of its own.
    _exit(loop.Run() == 1 && SeenByPeer(connection) == "on-token" ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(loop.Run(), 1);
}

}  // namespace
}  // namespace signet
