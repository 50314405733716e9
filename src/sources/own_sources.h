#pragma once

#include <signet/own_source.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace signet::inline sources {

// SchemeIn gives the scheme of a URI (RFC 3986 section 3.1) in lower case; nothing where it has none.
std::optional<std::string> SchemeIn(std::string_view uri);

// OwnSources are the sources that a program registered, by their schemes. It takes no lock: one of them may
// fork, or register another, while it is asked.
class OwnSources {
 public:
  OwnSources() = default;
  ~OwnSources();
  OwnSources(const OwnSources&) = delete;
  OwnSources& operator=(const OwnSources&) = delete;

  // Register is IdentitySource::Register.
  void Register(std::string_view scheme, std::shared_ptr<OwnSource> source);
  // List gives what the source of the URI's scheme lists, its exceptions as problems; nothing where no source
  // has the scheme. An identity is a problem where its URI has another scheme, or is another identity's too.
  std::optional<Listing> List(std::string_view uri) const;
  // Schemes lists them for people, each with a colon and ", " before it.
  std::string Schemes() const;

 private:
  struct Node {
    std::string scheme;  // in lower case
    std::string written;
    std::shared_ptr<OwnSource> source;
    const Node* next = nullptr;
  };

  static const Node* Find(const Node* first, std::string_view scheme) noexcept;

  std::atomic<const Node*> first_ = nullptr;  // nodes stay until the end
};

}  // namespace signet::inline sources
