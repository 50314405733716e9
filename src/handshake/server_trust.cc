#include "handshake/server_trust.h"

#include "base/error_fields.h"

#include <utility>

namespace signet {

Error UnreadableTrust(const Error& error) {
  Error::Fields fields = FieldsOf(error);
  fields.detail = "no trusted certificate: " + fields.detail;
  fields.hint = kNameATrustFile;
  return Error(std::move(fields));
}

}  // namespace signet
