#pragma once

#include <signet/export.h>
#include <signet/identity_source.h>

#include <string_view>

namespace signet {

// OwnSource is a source of identities that a program brings along: a company's database, an enclave. It is
// registered with IdentitySource::Register under a scheme of its own, and is then good for List and Open;
// what it lists is for selection as any identity.
class SIGNET_EXPORT OwnSource {
 public:
  virtual ~OwnSource() = default;

  // List gives the identities that `uri` stands for, and what could not become one; `uri` begins with the
  // scheme as the program registered it, whatever the case it was written in. Each identity has a URI with
  // the scheme, by which List gives that identity, alone or among others; Identity::Make with a key of
  // MakeKey makes one. Called from any thread, several at once. What it throws becomes a problem of the
  // listing: an Error as it is, any other exception as kApplication with its what(). An Error kBadUri is the
  // caller's.
  virtual Listing List(std::string_view uri) = 0;
};

}  // namespace signet
