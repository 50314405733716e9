// `signet pem`: a PEM file that points to a key, for programs that only read files.
#include "base/percent_encoding.h"
#include "openssl_provider/pem_uri.h"
#include "tool/console.h"
#include "tool/output.h"
#include "tool/typed_uri.h"
#include "tool/usage.h"
#include "tool/verbs.h"
#include <signet/error.h>
#include <signet/secret.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signet::tool {
namespace {

struct PemOptions {
  std::string uri;
  std::string out;
  bool chain = false;
  bool all = false;
  bool with_pin = false;
};

// Target is the key that the file shall point to.
struct Target {
  std::string uri;  // exact, without query
  std::vector<Certificate> chain;
};

// WithAbsolutePath makes a pkcs12: URI independent of a program's working directory.
std::string WithAbsolutePath(const std::string& uri) {
  constexpr std::string_view kScheme = "pkcs12:";
  if (!uri.starts_with(kScheme)) return uri;
  const std::size_t end = std::min(uri.find_first_of(";?"), uri.size());
  const auto path = PercentDecode(std::string_view(uri).substr(kScheme.size(), end - kScheme.size()));
  if (!path || path->empty()) return uri;  // for the source to complain about
  return fmt::format("{}{}{}", kScheme, PercentEncode(std::filesystem::absolute(*path).string(), "/"),
                     uri.substr(end));
}

// WithAbsolutePinSource makes a pin-source independent of a program's working directory.
Secret WithAbsolutePinSource(std::string_view attribute) {
  constexpr std::string_view kName = "pin-source=";
  constexpr std::string_view kScheme = "file:";
  if (!attribute.starts_with(kName)) return Secret(attribute);
  const auto source = PercentDecode(attribute.substr(kName.size()));
  if (!source) return Secret(attribute);
  std::string_view path = *source;
  if (path.starts_with(kScheme)) path.remove_prefix(kScheme.size());
  // What is left of a relative path has no scheme of its own, as env: or fd:.
  const bool relative = !path.empty() && path.front() != '/' && path.front() != '|' &&
                        (path.size() < source->size() || path.find(':') == path.npos);
  if (!relative) return Secret(attribute);
  // Behind a link `..` is where the link leads to: such a path stays as it was written.
  const std::filesystem::path whole = std::filesystem::absolute(path);
  const bool plain = std::ranges::find(whole, "..") == whole.end();
  return Secret(fmt::format("{}{}{}", kName, kScheme,
                            PercentEncode((plain ? whole.lexically_normal() : whole).string(), "/")));
}

// KeyAlone gives the URI of the only key without certificate, if that is all that was found.
std::optional<std::string> KeyAlone(const Listing& listing) {
  if (!listing.identities.empty()) return std::nullopt;
  std::optional<std::string> found;
  for (const Problem& problem : listing.problems) {
    if (problem.error.code() != ErrorCode::kKeyOnly) continue;
    if (found) return std::nullopt;
    found = problem.uri;
  }
  return found;
}

[[noreturn]] void ThrowNotOne(const Listing& listing, const std::string& uri) {
  if (listing.identities.size() < 2 && !listing.problems.empty())
    throw listing.problems.front().error.WithUri(WithoutPin(uri));
  std::string candidates;
  for (const Identity& identity : listing.identities) candidates += fmt::format("\n  {}", identity.uri());
  throw Error({.code = listing.identities.empty() ? ErrorCode::kNotFound : ErrorCode::kAmbiguous,
               .detail = fmt::format("{} keys match", listing.identities.size()),
               .uri = WithoutPin(uri),
               .hint = listing.identities.empty() ? "Run `signet list` to see the available identities."
                                                  : fmt::format("Name one of them:{}", candidates)});
}

Target Find(const CommonOptions& common, const std::string& uri, bool with_chain) {
  if (uri.starts_with("signet:")) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = "identities by name are not supported yet",
                 .uri = WithoutPin(uri),
                 .hint = "Use a pkcs11: or pkcs12: URI."});
  }
  const Listing listing = ListTyped(common.OpenSource(), uri);
  if (listing.identities.size() == 1) {
    const Identity& identity = listing.identities.front();
    return {identity.uri(), identity.chain().certificates()};
  }
  const auto alone = KeyAlone(listing);
  if (!alone) ThrowNotOne(listing, uri);
  if (!with_chain) return {*alone, {}};
  throw Error({.code = ErrorCode::kKeyOnly,
               .detail = "there is no certificate for the key",
               .uri = *alone,
               .hint = "Omit --chain and --all, and give the program a separate certificate file."});
}

Secret Joined(std::string_view first, std::string_view second) {
  Secret joined = Secret::OfSize(first.size() + second.size());
  std::ranges::copy(first, joined.writable().begin());
  std::ranges::copy(second, joined.writable().begin() + static_cast<std::ptrdiff_t>(first.size()));
  return joined;
}

// QueryOf gives the URI's query, `?` included, without its pin-value unless `with_pin`. Where the path has
// the PIN or its source, as libp11 writes them, they go into the query.
Secret QueryOf(std::string_view uri, bool with_pin) {
  Secret kept;
  const std::size_t mark = std::min(uri.find('?'), uri.size());
  for (std::size_t begin = 0; begin < uri.size();) {
    const bool in_query = begin > mark;
    const std::size_t end =
        std::min({uri.find(in_query ? '&' : ';', begin), uri.size(), in_query ? uri.size() : mark});
    std::string_view attribute = uri.substr(begin, end - begin);
    if (begin == 0) attribute.remove_prefix(std::min(attribute.find(':') + 1, attribute.size()));
    begin = end + 1;
    const bool value = attribute.starts_with("pin-value=");
    if (attribute.empty() || (value && !with_pin)) continue;
    if (!in_query && !value && !attribute.starts_with("pin-source=")) continue;
    kept =
        Joined(Joined(kept.view(), kept.empty() ? "?" : "&").view(), WithAbsolutePinSource(attribute).view());
  }
  return kept;
}

// Document is what goes into the file.
Secret Document(const PemOptions& options, const Target& target, const std::string& uri) {
  const Secret query = QueryOf(uri, options.with_pin);
  const Secret key = provider::UriPem(Joined(target.uri, query.view()).view());
  std::string certificates;
  if (options.chain || options.all) {
    for (const Certificate& certificate : target.chain) certificates += certificate.ToPem();
  }
  return options.all ? Joined(certificates, key.view()) : Joined(key.view(), certificates);
}

[[noreturn]] void ThrowErrno(const std::string& call, const std::string& path) {
  const int number = errno;
  throw Error({.code = ErrorCode::kUnreadable,
               .detail = fmt::format("{} cannot be written: {}", path, std::strerror(number)),
               .call = call,
               .native = {NativeCode::Kind::kErrno, static_cast<unsigned long>(number), {}},
               .hint = "Name a file in a directory where you may write."});
}

bool WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// WriteThrough writes into what is there: a device, a pipe, a terminal, or behind what an open file has.
void WriteThrough(const std::string& path, std::string_view text) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) ThrowErrno("open", path);
  const bool written = WriteAll(descriptor, text);
  const int number = errno;
  const bool closed = close(descriptor) == 0;
  if (!written) errno = number;
  if (!written || !closed) ThrowErrno(written ? "close" : "write", path);
}

// Replace replaces a regular file by `text` atomically, readable only by its owner.
void Replace(const std::string& path, std::string_view text) {
  std::string temporary = path + ".XXXXXX";
  const int descriptor = mkostemp(temporary.data(), O_CLOEXEC);  // mode 0600
  if (descriptor < 0) ThrowErrno("mkostemp", path);
  bool written = WriteAll(descriptor, text) && fsync(descriptor) == 0;
  written = close(descriptor) == 0 && written;
  if (written && std::rename(temporary.c_str(), path.c_str()) == 0) return;
  const int number = errno;
  unlink(temporary.c_str());
  errno = number;
  ThrowErrno(written ? "rename" : "write", path);
}

// FinalTarget follows symbolic links to where a file is or would be; throws Error for a loop of them.
std::string FinalTarget(std::string path) {
  constexpr int kMostLinks = 40;  // as the kernel
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code error;
    const std::filesystem::path next = std::filesystem::read_symlink(path, error);
    if (error) return path;
    path = next.is_absolute() ? next : std::filesystem::path(path).parent_path() / next;
  }
  errno = ELOOP;
  ThrowErrno("readlink", path);
}

// WriteFile replaces a regular file, that of a symbolic link where one is named, and writes through anything
// else.
void WriteFile(const std::string& path, std::string_view text) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    WriteThrough(path, text);
    return;
  }
  // A link below /proc, as /dev/stdout is, names an open file that may have no name any more.
  const std::string target = FinalTarget(path);
  struct stat there {};
  const bool same =
      stat(path.c_str(), &status) != 0 ||
      (stat(target.c_str(), &there) == 0 && there.st_dev == status.st_dev && there.st_ino == status.st_ino);
  if (!same || path.starts_with("/dev/") || path.starts_with("/proc/")) {
    WriteThrough(path, text);
  } else {
    Replace(target, text);
  }
}

// WrittenJson says where the file is, or holds it where none was named.
Json WrittenJson(const PemOptions& options, const Target& target, const Secret& document) {
  Json json = {{"uri", target.uri}, {"file", nullptr}, {"pem", nullptr}};
  if (options.out.empty()) {
    json["pem"] = std::string(document.view());  // without PIN: Pem has seen to that
  } else {
    json["file"] = options.out;
  }
  return json;
}

int Pem(const CommonOptions& common, const PemOptions& options) {
  if (common.json && options.with_pin && options.out.empty())
    ThrowBadUsage("a PIN is not written to a JSON document",
                  "Write to a file with --out, or omit --with-pin.");
  const std::string uri = WithAbsolutePath(options.uri);
  const Target target = Find(common, uri, options.chain || options.all);
  const Secret document = Document(options, target, uri);
  if (!options.out.empty()) WriteFile(options.out, document.view());
  if (common.json) {
    PrintJson(WrittenJson(options, target, document));
  } else if (options.out.empty()) {
    const std::string_view text = document.view();
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
      ThrowErrno("fwrite", "the output");
  }
  if (!options.with_pin && uri.find("pin-value=") != std::string::npos) {
    Console(stderr).Row(
        "signet: ",
        "the PIN was omitted. The program needs it from pkcs11-module-token-pin in openssl.cnf, or from "
        "?pin-source= in the URI; --with-pin writes it into the file.");
  }
  return kDone;
}

}  // namespace

void AddPemVerb(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<PemOptions>();
  CLI::App* verb = app.add_subcommand(
      "pem", "Write a PEM key file that points to the key, for programs that only read files");
  AddUri(*verb, options->uri, "pkcs11:... or a PKCS#12 file")->required();
  CLI::Option* chain =
      verb->add_flag("--chain", options->chain, "Add the certificates after the key, leaf first");
  verb->add_flag("--all", options->all,
                 "One file with the certificates first and the key last, as HAProxy reads it")
      ->excludes(chain);
  verb->add_option("-o,--out", options->out, "File to write, with mode 0600 (default: standard output)")
      ->type_name("FILE");
  verb->footer(
      "signet pem 'pkcs11:token=demo;id=%01?pin-source=file:pin' --out bob.key\n"
      "signet pem alice.p12 --chain --out alice.key");
  verb->add_flag("--with-pin", options->with_pin, "Also write a pin-value of the URI to the file");
  verb->callback([&common, options] { common.verb = [&common, options] { return Pem(common, *options); }; });
}

}  // namespace signet::tool
