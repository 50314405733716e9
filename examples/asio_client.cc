// Fetches a page from a server that asks for a client certificate, with Boost.Asio.
//   asio_client HOST PORT CA.pem IDENTITY-URI...
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>

#include <iostream>
#include <utility>
#include <vector>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

namespace asio = boost::asio;
using asio::ip::tcp;

asio::awaitable<void> Fetch(asio::ssl::context& context, std::string host, std::string port) {
  const auto loop = co_await asio::this_coro::executor;
  asio::ssl::stream<tcp::socket> stream(loop, context);
  SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
  stream.set_verify_callback(asio::ssl::host_name_verification(host));
  tcp::resolver resolver(loop);
  const auto places = co_await resolver.async_resolve(host, port, asio::use_awaitable);
  co_await asio::async_connect(stream.next_layer(), places, asio::use_awaitable);

  const std::string request = "GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n";
  bool answered = false;
  try {
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    co_await asio::async_write(stream, asio::buffer(request), asio::use_awaitable);
    for (char part[4096];; answered = true) {
      const std::size_t size = co_await stream.async_read_some(asio::buffer(part), asio::use_awaitable);
      std::cout.write(part, static_cast<std::streamsize>(size));
    }
  } catch (const boost::system::system_error&) {  // also at the end of the page
    // Asio has emptied OpenSSL's error queue by now; what the selector knows is kept with the connection.
    if (!answered) throw signet::openssl::HandshakeError(stream.native_handle());
  }
}

int main(int argc, char** argv) try {
  if (argc < 5) throw std::invalid_argument("usage: asio_client HOST PORT CA.pem IDENTITY-URI...");
  const signet::IdentitySource source;
  std::vector<signet::Identity> identities;
  for (int i = 4; i < argc; ++i) identities.push_back(source.Open(argv[i]));

  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_verify_mode(asio::ssl::verify_peer);
  context.load_verify_file(argv[3]);
  signet::openssl::UseSelector(context.native_handle(), signet::IdentitySet(std::move(identities)));

  asio::io_context loop;
  std::exception_ptr thrown;
  asio::co_spawn(loop, Fetch(context, argv[1], argv[2]), [&](std::exception_ptr error) { thrown = error; });
  loop.run();
  if (thrown) std::rethrow_exception(thrown);
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
