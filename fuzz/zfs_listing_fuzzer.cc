// What `zfs list` prints, as a source and as a store read it.

#include <cstdlib>

#include "core/error.h"
#include "core/volume_pattern.h"
#include "zfs/listing.h"
#include "zfs/source_listing.h"
#include "zfs/store_listing.h"
#include "zfs/unchanged_record.h"

namespace {

template <typename Action>
void corrupt_at_most(const Action& action) {
  try {
    action();
  } catch (const snapferry::Error& error) {
    if (error.kind() != snapferry::ErrorKind::Corrupt) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  const auto text = as_text(ByteView(data, size));
  const std::vector patterns = {VolumePattern::parse("zfs:**")};
  corrupt_at_most([&] {
    const auto columns = zfs::source_listing(patterns).columns.size();
    zfs::parse_source_rows(zfs::parse_rows(text, columns), patterns);
  });
  corrupt_at_most([&] {
    const zfs::StoreLayout layout("backup");
    const auto columns = zfs::store_listing("backup").columns.size();
    zfs::replicas_of(zfs::parse_store_rows(zfs::parse_rows(text, columns), layout), layout);
  });
  zfs::UnchangedRecord::parse(text).text();
  return 0;
}
