#include "report.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <ostream>

#include <fmt/format.h>

namespace signet::bench {
namespace {

using Run = benchmark::BenchmarkReporter::Run;

std::string CounterName(std::string_view part, std::string_view contender) {
  return fmt::format("{}|{}", part, contender);
}

// Failed gives why a run was cut short. Google Benchmark 1.8 turned the flag into an enum.
template <class R>
std::optional<std::string> Failed(const R& run) {
  bool failed = false;
  std::string why;
  if constexpr (requires { run.error_occurred; }) {
    failed = run.error_occurred;
    why = run.error_message;
  } else {
    failed = static_cast<int>(run.skipped) != 0;
    why = run.skip_message;
  }
  return failed ? std::optional(why) : std::nullopt;
}

bool IsOf(const Row& row, const std::string& name) {
  if (!name.starts_with(row.benchmark)) return false;
  return name.size() == row.benchmark.size() || name[row.benchmark.size()] == '/';
}

std::optional<double> Value(const Row& row, const Run& run, std::string_view contender) {
  const auto found = run.counters.find(CounterName(row.part, contender));
  if (found != run.counters.end()) return found->second.value;
  // A benchmark without rows measures a time of Signet.
  if (run.counters.empty() && contender == kSignet) return run.GetAdjustedRealTime();
  return std::nullopt;
}

std::string Shown(std::string_view format, std::optional<double> value) {
  return value && !std::isnan(*value) ? fmt::format(fmt::runtime(format), *value) : "\xE2\x80\x93";
}

std::string Goal(const Row& row) {
  if (row.goal == Row::Goal::kNone) return "";
  return fmt::format("{} {}", row.goal == Row::Goal::kAtMost ? "\xE2\x89\xA4" : "\xE2\x89\xA5", row.limit);
}

std::string Verdict(const Row& row, std::optional<double> value) {
  if (row.goal == Row::Goal::kNone) return "";
  if (!value || std::isnan(*value)) return "not measured";
  const bool reached = row.goal == Row::Goal::kAtMost ? *value <= row.limit : *value >= row.limit;
  return reached ? "yes" : "**no**";
}

std::string Line(const Row& row, const Run& run) {
  std::string line = fmt::format("| {} | {} |", row.figure, Goal(row));
  if (auto why = Failed(run)) {
    std::ranges::replace_if(
        *why, [](char c) { return c == '\n' || c == '|'; }, ' ');
    return line + fmt::format(" {} | | | | | **failed** |", *why);
  }
  for (const std::string_view column : kColumns) {
    line += fmt::format(" {} |", Shown(row.format, Value(row, run, column)));
  }
  const auto beside = run.counters.find(CounterName(row.part, kBeside));
  const bool has_beside = !row.beside.empty() && beside != run.counters.end();
  line += fmt::format(" {} |", has_beside ? Shown(row.beside, beside->second.value) : "");
  return line + fmt::format(" {} |", Verdict(row, Value(row, run, kSignet)));
}

}  // namespace

void Put(benchmark::State& state, std::string_view part, std::string_view contender, double value) {
  state.counters[CounterName(part, contender)] = value;
}

double Median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

bool Quick() { return std::getenv("SIGNET_BENCH_QUICK") != nullptr; }

bool RowReporter::ReportContext(const Context&) { return true; }

void RowReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    for (const Row& row : Rows()) {
      if (IsOf(row, run.benchmark_name())) GetOutputStream() << Line(row, run) << std::endl;
    }
  }
}

}  // namespace signet::bench
