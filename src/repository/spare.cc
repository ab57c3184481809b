#include "repository/spare.h"

#include <string_view>

#include "core/error.h"
#include "repository/crypto.h"

namespace snapferry::repository {
namespace {

constexpr std::string_view kSpareName = "spare";
// XFS takes no file as long as it could need some hundred blocks for its directory and its inode.
constexpr std::size_t kSpareSize = 1u << 20;

bool is_there(blob::Storage& storage) {
  try {
    return storage.info(kSpareName).size >= kSpareSize;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    return false;
  }
}

}  // namespace

void keep_spare(blob::Storage& storage) {
  if (is_there(storage)) return;
  Bytes noise(kSpareSize);  // nothing that a filesystem could make smaller
  random_bytes(noise.data(), noise.size());
  try {
    storage.put(kSpareName, noise);
    storage.sync();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NoSpace) throw;
  }
}

bool give_up_spare(blob::Storage& storage) {
  try {
    if (storage.info(kSpareName).size == 0) return false;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    return false;
  }
  storage.remove(kSpareName);
  storage.sync();
  return true;
}

}  // namespace snapferry::repository
