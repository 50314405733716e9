#pragma once

#include "openssl_provider/algorithm_rows.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/core.h>

namespace signet::provider {

// FunctionsOf gives a dispatch table, which is never freed.
const OSSL_DISPATCH* FunctionsOf(Table table);

// Algorithms holds the tables that libcrypto fetches implementations from. All carry the property `provider=`
// and the name that the provider was activated under.
class Algorithms {
 public:
  explicit Algorithms(const std::string& provider_name);
  Algorithms(const Algorithms&) = delete;
  Algorithms& operator=(const Algorithms&) = delete;

  const char* properties() const noexcept { return properties_.c_str(); }
  // Of gives the table of one OSSL_OP_ operation, or null; it lives as long as this.
  const OSSL_ALGORITHM* Of(int operation) const noexcept;

 private:
  const char* PropertiesWith(const char* more);

  const std::string properties_;
  std::map<std::string, std::string, std::less<>> longer_properties_;  // by what they have more
  std::map<int, std::vector<OSSL_ALGORITHM>> tables_;                  // each ends in an empty row
};

}  // namespace signet::provider
