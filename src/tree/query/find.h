#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/object_store.h"
#include "core/snapshot.h"

namespace snapferry::tree {

// One content that a path had. The snapshots are those given to find(), between whose
// times the path need not have had this content all along.
struct FoundVersion {
  Entry entry;             // as the newest snapshot with this content has it
  const Snapshot* newest;  // the newest that has it
  const Snapshot* oldest;  // the oldest that has it
};

// A path of a volume that matches, with all its versions.
struct FoundPath {
  VolumeName volume;
  std::string path;  // relative to the volume; "" where the volume itself is the file
  std::vector<FoundVersion> versions;  // newest first; never empty
};

// A directory of a volume in which something may match, but of which the content was left out.
struct NotSearched {
  VolumeName volume;
  std::string path;
  LeftOut reason;          // in the newest snapshot that left it out
  const Snapshot* newest;  // that one
};

struct FindResult {
  std::vector<FoundPath> paths;           // in order of volume and path
  std::vector<NotSearched> not_searched;  // likewise
};

struct FindOptions {
  const Cancellation* cancellation = nullptr;
};

// Looks for `pattern` in `snapshots`, which are oldest first and of any volumes, and
// returns what matches, and where it could not look.
//
// Patterns are those of gitignore (tree/exclude.h) without comments and "!": one without
// a slash is matched against names, one with a slash against paths from the root of the
// volume, or from the root of the host where it leads into the volume; a trailing slash finds
// directories only. Throws InvalidArgument for a bad pattern.
//
// Versions are the same where type, size and content are (of a directory: always), so
// that a file which was only touched, or which came back, is listed once.
//
// The newest snapshot of a volume is walked, every older one only where it differs from
// the next newer one: a thousand snapshots cost little more than the trees in which they
// differ. Directories in which a pattern with a slash cannot match are not walked. Memory grows
// with what is found. Throws Corrupt or NotFound naming snapshot and path, Cancelled.
FindResult find(const std::vector<Snapshot>& snapshots, std::string_view pattern,
                ObjectSource& source, const FindOptions& options = {});

}  // namespace snapferry::tree
