// Programs that reach OpenSSL through a framework, which empties OpenSSL's error queue before the program
// sees it.
#include "applications/mutual_tls_server.h"
#include "openssl_tls/memory_handshake.h"
#include <signet/openssl_tls.h>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <openssl/err.h>

namespace signet {
namespace {

using ::testing::AllOf;
using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::TestPki;

class Frameworks : public ::testing::TestWithParam<std::string> {
 protected:
  TestPki pki_{CertificateOptions::Ca("Known Root")};
  TestPki server_pki_{CertificateOptions::Ca("Server Root")};
  MutualTlsServer server_{MutualTlsServer::Kind::kOpenSsl,
                          {.identity = server_pki_.Issue(CertificateOptions::Server()),
                           .trust_pem = pki_.root().RootPem(),
                           .tls = GetParam()}};
};

class Asio : public Frameworks {
 protected:
  Error Complaint(const Identity& identity, const std::string& pinned = {}) {
    namespace asio = boost::asio;
    asio::io_context loop;
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.load_verify_file(server_.trust_file());
    context.set_verify_mode(asio::ssl::verify_peer);
    openssl::UseSelector(context.native_handle(), IdentitySet({identity}), {.policy = {.pinned = pinned}});
    asio::ssl::stream<asio::ip::tcp::socket> stream(loop, context);
    stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), server_.port()});
    boost::system::error_code failed;
    stream.handshake(asio::ssl::stream_base::client, failed);
    char byte = 0;
    if (!failed) stream.read_some(asio::buffer(&byte, 1), failed);
    EXPECT_TRUE(failed);
    return openssl::HandshakeError(stream.native_handle());
  }
};

TEST_P(Asio, RefusedCertificateIsExplained) {
  const TokenIdentity late(pki_.Issue(CertificateOptions{}.Expired()));
  EXPECT_THAT(Complaint(late.identity, "pkcs11:object=key").detail(),
              AllOf(HasSubstr("alert certificate_expired"), HasSubstr("expired on")));
}

TEST_P(Asio, TokensErrorsAreTheCause) {
  const TokenIdentity locked(pki_.Issue({}));
  locked.key->refuses_pin = true;
  EXPECT_EQ(Complaint(locked.identity).code(), ErrorCode::kWrongPin);
  const TokenIdentity gone(pki_.Issue({}));
  gone.key->sign_error = Error({.code = ErrorCode::kTokenAbsent, .detail = "the card is gone"});
  EXPECT_EQ(Complaint(gone.identity).code(), ErrorCode::kTokenAbsent);
}

INSTANTIATE_TEST_SUITE_P(Tls, Asio, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return row.param == "1.2" ? "12" : "13"; });

class Libcurl : public Frameworks {};

CURLcode Select(CURL*, void* context, void* identity) {
  openssl::UseSelector(static_cast<SSL_CTX*>(context), IdentitySet({*static_cast<Identity*>(identity)}));
  return CURLE_OK;
}

TEST_P(Libcurl, PrintsTheReasonInWords) {
  TokenIdentity locked(pki_.Issue({}));
  locked.key->refuses_pin = true;
  const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(), curl_easy_cleanup);
  char printed[CURL_ERROR_SIZE] = "";
  const std::string url = "https://localhost:" + std::to_string(server_.port()) + "/";
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_CAINFO, server_.trust_file().c_str());
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, printed);
  curl_easy_setopt(handle.get(), CURLOPT_SSL_CTX_FUNCTION, &Select);
  curl_easy_setopt(handle.get(), CURLOPT_SSL_CTX_DATA, &locked.identity);
  EXPECT_NE(curl_easy_perform(handle.get()), CURLE_OK);
  EXPECT_THAT(printed, AllOf(HasSubstr("signet"), HasSubstr("wrong-pin")));
}

INSTANTIATE_TEST_SUITE_P(Tls, Libcurl, ::testing::Values("1.2", "1.3"),
                         [](const auto& row) { return row.param == "1.2" ? "12" : "13"; });

}  // namespace
}  // namespace signet
