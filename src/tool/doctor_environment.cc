#include "tool/doctor_checks.h"

#include <fmt/format.h>
#include <unistd.h>

namespace signet::tool {
namespace {

bool IsMissing(const std::string& path) { return path.starts_with('/') && access(path.c_str(), R_OK) != 0; }

// CheckValue judges what a variable has set. openssl.cnf has a check of its own.
void CheckValue(const Configuration::Value& value, Findings& findings) {
  if (!value.in_force || value.place.kind != PlaceKind::kEnvironment) return;
  if (value.fault) {
    findings.push_back({Verdict::kBad, "environment", value.fault->detail(), value.fault->hint()});
  } else if (value.setting == "pkcs11-module-path" && IsMissing(value.shown)) {
    findings.push_back({Verdict::kBad, "environment",
                        fmt::format("{} names {}, which does not exist", value.place.where, value.shown),
                        "Set it to the path of the token's PKCS#11 module, or unset it."});
  }
}

}  // namespace

Findings CheckEnvironment(const CommonOptions& common) {
  Findings findings;
  for (const UnknownVariable& variable : common.unknown_variables()) {
    findings.push_back({Verdict::kBad, "environment",
                        fmt::format("{} does not match any setting", variable.name),
                        variable.nearest.empty() ? "Correct its name, or unset it."
                                                 : fmt::format("Did you mean {}?", variable.nearest)});
  }
  for (const Configuration::Value& value : common.configuration().values()) CheckValue(value, findings);
  return findings;
}

}  // namespace signet::tool
