// Fetches a page from a server that asks for a client certificate, with Qt 6.
//   qt_client HOST PORT CA.pem IDENTITY-URI
#include <signet/identity_source.h>
#include <signet/openssl_key.h>

#include <QCoreApplication>
#include <QSslConfiguration>
#include <QSslKey>
#include <QSslSocket>
#include <iostream>

// Presents this identity to every server that requests one.
void Present(QSslConfiguration& configuration, const signet::Identity& identity) {
  QList<QSslCertificate> chain;
  for (const signet::Certificate& certificate : identity.chain().certificates()) {
    const auto der = certificate.der();
    const QByteArray bytes(reinterpret_cast<const char*>(der.data()), static_cast<qsizetype>(der.size()));
    chain.append(QSslCertificate(bytes, QSsl::Der));
  }
  configuration.setLocalCertificateChain(chain);
  // QSslKey takes the EVP_PKEY over, and frees it.
  configuration.setPrivateKey(QSslKey(Qt::HANDLE(signet::openssl::MakeLegacyKey(identity).release())));
}

int main(int argc, char** argv) try {
  QCoreApplication application(argc, argv);
  if (argc != 5) throw std::invalid_argument("usage: qt_client HOST PORT CA.pem IDENTITY-URI");
  const signet::IdentitySource source;
  const signet::Identity identity = source.Open(argv[4]);
  identity.key()->Unlock();  // a wrong PIN or an absent token is an error here, and said in words

  QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
  configuration.setCaCertificates(QSslCertificate::fromPath(argv[3]));
  Present(configuration, identity);

  QSslSocket socket;
  socket.setSslConfiguration(configuration);
  const QByteArray request = "GET / HTTP/1.0\r\nHost: " + QByteArray(argv[1]) + "\r\n\r\n";
  bool answered = false;
  QObject::connect(&socket, &QSslSocket::encrypted, [&] { socket.write(request); });
  QObject::connect(&socket, &QSslSocket::readyRead, [&] {
    answered = true;
    std::cout << socket.readAll().toStdString();
  });
  QObject::connect(&socket, &QSslSocket::errorOccurred, [&] {
    if (!answered) std::cerr << socket.errorString().toStdString() << "\n";
    application.exit(answered ? 0 : 1);
  });
  socket.connectToHostEncrypted(argv[1], QByteArray(argv[2]).toUShort());
  return application.exec();
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
