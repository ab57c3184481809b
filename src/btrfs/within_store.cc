#include "btrfs/within_store.h"

#include <sys/stat.h>

#include "btrfs/store_layout.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

bool is_store(const std::string& directory) {
  struct stat status {};
  const auto marker = directory + "/" + StoreLayout::kIdentityName;
  return ::lstat(marker.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

void refuse_within_store(const std::string& directory, const std::string& subject) {
  for (auto above = directory;; above.resize(above.rfind('/'))) {
    if (above == "/") above.clear();
    if (is_store(above)) {
      throw Error(ErrorKind::InvalidArgument,
                  subject + ": lies in the store btrfs:" + (above.empty() ? "/" : above) +
                      ", where nothing but copies may be; give a path outside of it");
    }
    if (above.rfind('/') == above.npos) return;
  }
}

}  // namespace snapferry::btrfs
