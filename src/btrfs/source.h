#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/volume.h"

namespace snapferry::btrfs {

// The btrfs subvolumes of this machine, named "btrfs:/PATH" by where they are mounted. No process
// is started for anything; everything is asked and told by ioctl, and needs root.
//
// - inventory(): patterns with wildcards cover writable subvolumes (a read-only one is a snapshot)
//   that are reachable by path, each once, by its shortest path; not ours (".snapferry") nor what
//   a store is receiving. Every filesystem that a pattern touches is synced once, so that
//   VolumeState::written is 0 only if really nothing changed; it is never a number of bytes.
//   A volume with the extended attribute user.snapferry.exclude that is not "off" is excluded.
// - freeze(): snapshots lie where snapshot_place.h says, and are durable on return. Several
//   volumes are frozen at once, but not at one point of time.
// - send(): intermediates follow one another in one Stream. Every point is one of the volume that
//   the request names; an identity alone opens nothing.
// - settle(): destroys; there are neither holds nor bookmarks (features().bookmarks is false),
//   and what a settlement says of them is passed over. A snapshot that another volume which still
//   exists was made of, or that was taken of it, is left alone: that one's own run settles it
//   (Lineage::may_settle).
class BtrfsSource : public Source {
 public:
  StreamFeatures features() override;
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override;
  Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) override;
  std::unique_ptr<Stream> send(const StreamRequest& request) override;
  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) override;

  // Of which volumes no snapshot could be taken, as far as that shows without changing anything.
  static std::vector<VolumeFailure> rehearse(const std::vector<std::string>& volumes);
};

// "/mnt/data" of "btrfs:/mnt/data". Throws InvalidArgument for anything that is not an absolute
// path behind "btrfs:", without "." or ".." or a slash too many.
std::string path_of_volume(const std::string& volume);

}  // namespace snapferry::btrfs
