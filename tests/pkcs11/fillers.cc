#include "pkcs11/fillers.h"

#include <filesystem>
#include <set>
#include <string>

namespace signet::testing {
namespace {

using std::filesystem::path;

// ObjectFiles are SoftHSM's: one for each object.
std::set<path> ObjectFiles(const SoftHsm& hsm) {
  std::set<path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(hsm.directory())) {
    if (entry.path().extension() == ".object") files.insert(entry.path());
  }
  return files;
}

}  // namespace

void AddFillers(SoftHsm& hsm, const Certificate& certificate, int count) {
  if (count == 0) return;
  const std::set<path> before = ObjectFiles(hsm);
  hsm.ImportCertificate(certificate, {.id = "filler", .label = "filler"});
  for (const path& file : ObjectFiles(hsm)) {
    if (before.contains(file)) continue;
    // A copy of the file is one more object; to make a thousand one by one takes SoftHSM a minute.
    for (int i = 1; i < count; ++i) {
      std::filesystem::copy_file(file, file.parent_path() / ("filler-" + std::to_string(i) + ".object"));
    }
  }
}

}  // namespace signet::testing
