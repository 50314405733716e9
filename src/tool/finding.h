#pragma once

#include <string>
#include <vector>

namespace signet::tool {

enum class Verdict { kOk, kNote, kBad };

// Finding is one line of `signet doctor`.
struct Finding {
  Verdict verdict = Verdict::kOk;
  std::string what;    // what was looked at: "token Card", "openssl.cnf /etc/ssl/openssl.cnf"
  std::string detail;  // lower case, without full stop
  std::string hint;    // an imperative sentence; empty if no action is necessary
};
using Findings = std::vector<Finding>;

}  // namespace signet::tool
