#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/stream.h"
#include "core/volume.h"

namespace snapferry {

// Lines for people: what was not restored of a volume beside its files.
struct Completion {
  std::vector<std::string> left;    // by intention, with their values
  std::vector<std::string> failed;  // that could not be
  bool operator==(const Completion&) const = default;
};

// Restores whole volumes from what Store::send gives: the reverse of a Source. Implemented by
// zfs::ZfsTarget, btrfs::BtrfsTarget and agent::RemoteTarget; tests use testing::FakeTarget.
class VolumeTarget {
 public:
  virtual ~VolumeTarget() = default;

  // What the stream asked of the store may use, if `volume` is to be made of it.
  virtual StreamFeatures features(const std::string& volume) = 0;

  // Throws AlreadyExists if something is at `volume` ("zfs:tank/home", "btrfs:/mnt/home"),
  // NotFound if what it would be in is missing. To be asked before a stream is begun.
  virtual void require_free(const std::string& volume) = 0;

  // Makes what restore() would make beside `volume` before anything else, so that a process can
  // reduce itself to working in that. Nothing where there is no such thing, or `volume` is there.
  virtual void prepare(const std::string& volume) { (void)volume; }

  // Tells what the volume was that restore() makes there next, so that the new one is so from its
  // beginning, as far as nothing depends on its place. complete() does the rest.
  virtual void describe(const std::string& volume, VolumeType type,
                        const VolumeProperties& properties) {
    (void)volume;
    (void)type;
    (void)properties;
  }

  // Makes the volume out of the full stream `request` from a store, writable, with the snapshot
  // `request.to` as its first: the next backup is incremental from that. Never replaces anything.
  // What is half done is removed on failure, and by the next restore to the same place after a
  // crash.
  virtual void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
                       Stream& stream, Progress* progress, const Cancellation* cancellation) = 0;

  // What is left to do with a volume that restore() made: gives it the properties it had, as far as
  // they neither mount, share nor run anything, and then makes it usable (mounts it where its
  // parent says so).
  virtual Completion complete(const std::string& volume, VolumeType type,
                              const VolumeProperties& properties) {
    (void)volume;
    (void)type;
    (void)properties;
    return {};
  }
};

}  // namespace snapferry
