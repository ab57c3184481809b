#include "tree/restore/overwrite_verdict.h"

#include <sys/sysmacros.h>

#include "platform/metadata.h"

namespace snapferry::tree {
namespace {

bool same_content(const Entry& entry, const Existing& existing) {
  const struct statx& stat = existing.stat;
  switch (entry.type) {
    case EntryType::File:
      return stat.stx_size == entry.size && stat.stx_mtime.tv_sec == entry.mtime.seconds &&
             stat.stx_mtime.tv_nsec == entry.mtime.nanoseconds;
    case EntryType::Symlink:
      return existing.target == entry.target;
    case EntryType::CharacterDevice:
    case EntryType::BlockDevice:
      return makedev(stat.stx_rdev_major, stat.stx_rdev_minor) == entry.device;
    default:
      return true;
  }
}

}  // namespace

EntryType type_of(const struct statx& stat) { return platform::entry_from_statx(stat, "").type; }

Verdict judge(const Entry& entry, const std::optional<Existing>& existing, Overwrite overwrite) {
  if (!existing) return Verdict::Create;
  if (overwrite == Overwrite::Never) return Verdict::Leave;
  if (overwrite == Overwrite::Always || type_of(existing->stat) != entry.type) {
    return Verdict::Replace;
  }
  if (existing->stat.stx_nlink > 1 && !entry.link_device) return Verdict::Replace;
  return same_content(entry, *existing) ? Verdict::Check : Verdict::Replace;
}

}  // namespace snapferry::tree
