// The main function of every benchmark program: Google Benchmark's, and with --rows the table's rows instead
// of its own lines.
#include "report.h"

#include <cstdio>
#include <string_view>

#include <benchmark/benchmark.h>
#include <unistd.h>

int main(int argc, char** argv) {
  bool rows = false;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--rows") {
      rows = true;
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  argv[argc] = nullptr;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  signet::bench::RowReporter reporter;
  if (rows) {
    benchmark::RunSpecifiedBenchmarks(&reporter);
  } else {
    benchmark::RunSpecifiedBenchmarks();
  }
  std::fflush(nullptr);
  // Not by return: with a key of SoftHSM in use, some of the contenders crash while the process exits.
  _exit(0);
}
