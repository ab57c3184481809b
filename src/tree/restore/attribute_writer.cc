#include "tree/restore/attribute_writer.h"

#include <cerrno>

#include <sys/stat.h>

#include "platform/inode_attributes.h"

namespace snapferry::tree {
namespace {

// What statx(2) tells of them, with the same meaning.
static_assert(STATX_ATTR_IMMUTABLE == kAttributeImmutable);
static_assert(STATX_ATTR_APPEND == kAttributeAppendOnly);
static_assert(STATX_ATTR_NODUMP == kAttributeNoDump);
constexpr std::uint32_t kInStatx = kSealing | kAttributeNoDump;

}  // namespace

void AttributeWriter::prepare(int fd, const Entry& entry, Losses& losses) const {
  if (entry.attributes)
    set(fd, *entry.attributes & ~kSetLast, kInodeAttributes & ~kSealing, losses);
  // A file gets that of its directory, if it gets any.
  if (!entry.project) return;
  if (platform::set_project(fd, *entry.project) != 0 && *entry.project != 0) {
    losses.add("project ids were not restored where the target does not take them");
  }
}

void AttributeWriter::seal(int fd, const Entry& entry, Losses& losses) const {
  if (seals(entry)) set(fd, *entry.attributes, kSetLast, losses);
}

bool AttributeWriter::differs(const struct statx& stat, const Entry& entry) {
  if (!entry.attributes) return false;
  const auto known = static_cast<std::uint32_t>(stat.stx_attributes_mask) & kInStatx;
  return ((static_cast<std::uint32_t>(stat.stx_attributes) ^ *entry.attributes) & known) != 0;
}

bool AttributeWriter::is_sealed(const struct statx& stat) {
  return (stat.stx_attributes_mask & stat.stx_attributes & kSealing) != 0;
}

void AttributeWriter::set(int fd, std::uint32_t wanted, std::uint32_t mask, Losses& losses) {
  int error = 0;
  const std::uint32_t refused = platform::set_inode_attributes(fd, wanted, mask, error);
  if (refused == 0) return;
  const bool forbidden = error == EPERM || error == EACCES;
  losses.add("inode attributes \"" + platform::attribute_letters(refused) +
             "\" (chattr) were not restored: " +
             (forbidden ? "not permitted" : "the target does not have them"));
}

}  // namespace snapferry::tree
