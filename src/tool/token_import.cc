#include "base/file.h"
#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "tool/terminal_prompt.h"
#include "tool/token_common.h"
#include <signet/error.h>

#include <fmt/format.h>
#include <openssl/pem.h>

namespace signet::tool {
namespace {

constexpr std::uint64_t kLargestFile = 16 << 20;

struct ImportOptions {
  std::string token;
  std::string uri;
  std::string key_file;
  std::string certificate_file;
  std::string id;
  std::string label;
  std::string password_source;
  bool chain = false;
  bool replace = false;
};

// Incoming is what the files hold.
struct Incoming {
  OpenSslPtr<EVP_PKEY> key;
  std::vector<Certificate> certificates;  // leaf first
};

// PasswordPrompt answers for the file that comes in; --pin-source is the token's.
class PasswordPrompt : public PinPrompt {
 public:
  explicit PasswordPrompt(const std::string& source) {
    if (!source.empty()) source_ = PinSource::Parse(source);
  }
  std::optional<Secret> Ask(const PinRequest& request) override {
    return source_.empty() ? TerminalPrompt().Ask(request) : source_.Read();
  }

 private:
  PinSource source_;
};

OpenSslPtr<EVP_PKEY> KeyFromDer(std::string_view der) {
  const OpenSslErrorMark mark;
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  return OpenSslPtr<EVP_PKEY>(
      d2i_AutoPrivateKey_ex(nullptr, &position, static_cast<long>(der.size()), OwnContext(), nullptr));
}

// OpenWithPassword names the option for the file's password where that is what it lacks.
Identity OpenWithPassword(const IdentitySource& source, const std::string& uri) {
  try {
    return source.Open(uri);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kPinNeeded) throw;
    throw Error({.code = error.code(),
                 .detail = error.detail(),
                 .uri = error.uri(),
                 .hint = "Give the file's password with --password-source file:PATH, env:NAME, fd:N or "
                         "credential:NAME; --pin-source is for the token's PIN."});
  }
}

Incoming FromUri(const Settings& settings, const ImportOptions& options) {
  if (!options.uri.starts_with("pkcs12:")) {
    throw Error({.code = ErrorCode::kBadUri,
                 .detail = "only an identity from a file can be imported",
                 .uri = WithoutPin(options.uri),
                 .hint = "Name a pkcs12:PATH, or PEM files with --key and --cert."});
  }
  const IdentitySource source(settings, std::make_shared<PasswordPrompt>(options.password_source));
  const Identity identity = OpenWithPassword(source, options.uri);
  const std::optional<Secret> der = identity.key()->ExportPkcs8();
  Incoming incoming{.key = der ? KeyFromDer(der->view()) : nullptr,
                    .certificates = identity.chain().certificates()};
  if (incoming.key == nullptr) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = "private keys of this type cannot be imported",
                 .uri = WithoutPin(options.uri),
                 .hint = "Use an RSA, EC, Ed25519 or Ed448 key."});
  }
  return incoming;
}

struct PemPassword {
  PinPrompt& prompt;
  const std::string& path;
  bool declined = false;
};

int GivePemPassword(char* buffer, int size, int, void* data) {
  auto& wanted = *static_cast<PemPassword*>(data);
  const std::optional<Secret> password =
      wanted.prompt.Ask({.kind = PinRequest::Kind::kPassword, .name = wanted.path, .uri = {}});
  wanted.declined = !password;
  if (!password || password->size() > static_cast<std::size_t>(size)) return -1;
  std::copy(password->view().begin(), password->view().end(), buffer);
  return static_cast<int>(password->size());
}

OpenSslPtr<EVP_PKEY> KeyFromFile(const ImportOptions& options) {
  const OpenSslErrorMark mark;
  const Secret text = [&] {
    std::vector<std::uint8_t> bytes = ReadFile(options.key_file, kLargestFile);
    Secret copy(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return copy;
  }();
  if (auto key = KeyFromDer(text.view())) return key;
  PasswordPrompt prompt(options.password_source);
  PemPassword password{prompt, options.key_file};
  const OpenSslPtr<BIO> memory(
      CheckOpenSsl(BIO_new_mem_buf(text.view().data(), static_cast<int>(text.size())), "BIO_new_mem_buf"));
  OpenSslPtr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey_ex(memory.get(), nullptr, GivePemPassword, &password, OwnContext(), nullptr));
  if (key != nullptr) return key;
  if (password.declined) {
    throw Error({.code = ErrorCode::kPinNeeded,
                 .detail = fmt::format("{} is encrypted", options.key_file),
                 .hint = "Give its password with --password-source."});
  }
  ThrowOpenSsl(ErrorCode::kMalformed, "PEM_read_bio_PrivateKey_ex",
               fmt::format("{} contains no readable private key", options.key_file),
               "Check the file, and the password if it has one.");
}

std::vector<Certificate> CertificatesFromFile(const std::string& path) {
  const std::vector<std::uint8_t> bytes = ReadFile(path, kLargestFile);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.find("-----BEGIN") == std::string_view::npos) return {Certificate::FromDer(bytes)};
  return Certificate::FromPem(text);
}

Incoming FromFiles(const ImportOptions& options) {
  Incoming incoming;
  if (!options.key_file.empty()) incoming.key = KeyFromFile(options);
  if (!options.certificate_file.empty())
    incoming.certificates = CertificatesFromFile(options.certificate_file);
  return incoming;
}

int DoImport(const CommonOptions& common, const ImportOptions& options) {
  const std::vector<std::uint8_t> id = IdOption(options.id);
  const Settings& settings = common.settings();
  const Incoming incoming = options.uri.empty() ? FromFiles(options) : FromUri(settings, options);
  ImportRequest request{.key = incoming.key.get(),
                        .certificate = {},
                        .issuers = {},
                        .name = {id, options.label},
                        .policy = {},
                        .replace = options.replace};
  if (!incoming.certificates.empty()) request.certificate = incoming.certificates.front();
  if (options.chain && incoming.certificates.size() > 1) {
    request.issuers.assign(incoming.certificates.begin() + 1, incoming.certificates.end());
  }
  const TokenPlace token = TheToken(settings, options.token);
  const ObjectName name = Import(token, UserPin(settings, token), request);
  const std::string what = request.key == nullptr ? "the certificate"
                           : request.certificate  ? "the key and its certificate"
                                                  : "the key";
  PrintObject(common, fmt::format("The token {} has {}.", token.label, what), token, name, Json::object());
  return kDone;
}

}  // namespace

void AddTokenImport(CLI::App& token, CommonOptions& common) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* verb =
      token.add_subcommand("import", "Import a key and its certificate, or only a certificate, to a token");
  auto* uri = AddUri(*verb, options->uri, "A PKCS#12 file");
  auto* key = verb->add_option("--key", options->key_file, "Private key, PEM or DER")->type_name("FILE");
  auto* certificate =
      verb->add_option("--cert", options->certificate_file, "Certificate, PEM or DER")->type_name("FILE");
  uri->excludes(key)->excludes(certificate);
  verb->add_option("--token", options->token, "The token's label or serial number");
  verb->add_option("--id", options->id, "The ID in hexadecimal (default: the certificate's key identifier)");
  verb->add_option("--label", options->label, "The label (default: the certificate's subject)");
  verb->add_option("--password-source", options->password_source, "Source of the file's password")
      ->type_name("SOURCE");
  verb->add_flag("--chain", options->chain, "Also import the certificates of its issuers");
  verb->add_flag("--replace", options->replace, "Remove the key's other certificates after the import")
      ->needs(certificate)
      ->excludes(key);
  verb->footer(
      "signet token import alice.p12 --token demo --id 02\n"
      "signet token import --token demo --key bob.key --cert bob.pem\n"
      "signet token import --token demo --cert renewed.pem --replace");
  verb->callback([&common, options] {
    if (options->uri.empty() && options->key_file.empty() && options->certificate_file.empty()) {
      throw CLI::RequiredError("URI, --key or --cert");
    }
    common.verb = [&common, options] { return DoImport(common, *options); };
  });
}

}  // namespace signet::tool
