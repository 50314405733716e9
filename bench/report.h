#pragma once

#include "rows.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

namespace signet::bench {

// Put records a contender's value for the figure `part` of a benchmark, to be shown in its row.
void Put(benchmark::State& state, std::string_view part, std::string_view contender, double value);

// Median of values; NaN of none.
double Median(std::vector<double> values);

// Quick tells whether a run is only to show that everything works: SIGNET_BENCH_QUICK is set.
bool Quick();

// RowReporter writes the rows of a benchmark in Markdown, replacing Google Benchmark's lines.
class RowReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
};

}  // namespace signet::bench
