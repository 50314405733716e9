#pragma once

#include <signet/export.h>
#include <signet/identity_source.h>

#include <string_view>

namespace signet {

// OwnSource is a source of identities of the program, for example a database or an enclave. Register it with
// IdentitySource::Register under its own scheme, then use List and Open. Its identities can be selected like
// all others.
class SIGNET_EXPORT OwnSource {
 public:
  virtual ~OwnSource() = default;

  // List returns the identities that match `uri`, and the problems. `uri` begins with the scheme as the
  // program registered it, also if the user typed it in another case. Each identity must have a URI with this
  // scheme for which List returns the identity, alone or among others; use Identity::Make with a key from
  // MakeKey. Several threads may call List at the same time. An exception becomes a problem in the listing:
  // an Error unchanged, any other exception as kApplication with its what(). An Error kBadUri is passed to
  // the caller.
  virtual Listing List(std::string_view uri) = 0;
};

}  // namespace signet
