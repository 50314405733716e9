#pragma once

#include <span>
#include <string_view>

namespace signet::bench {

// Contenders as the columns of the table name them.
inline constexpr std::string_view kSignet = "Signet";
inline constexpr std::string_view kPkcs11Provider = "pkcs11-provider";
inline constexpr std::string_view kLibp11Engine = "libp11's engine";
inline constexpr std::string_view kLibp11Provider = "libp11's provider";
inline constexpr std::string_view kColumns[] = {kSignet, kPkcs11Provider, kLibp11Engine, kLibp11Provider};
// kBeside is what a figure was measured beside: the raw loop, a provider that does nothing.
inline constexpr std::string_view kBeside = "beside";

// Row is one figure of the table: what it is in words, and what Signet is to reach.
struct Row {
  enum class Goal { kNone, kAtMost, kAtLeast };

  std::string_view benchmark;  // its name, without Google Benchmark's own endings
  std::string_view part;       // of a benchmark that gives several figures; else empty
  std::string_view figure;
  Goal goal = Goal::kNone;
  double limit = 0;
  std::string_view format = "{:.0f}";
  std::string_view beside = {};  // how kBeside is shown; empty: there is none
};

// Rows are the table, in its order.
std::span<const Row> Rows() noexcept;

}  // namespace signet::bench
