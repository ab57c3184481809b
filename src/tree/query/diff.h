#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/cancellation.h"
#include "core/object_store.h"
#include "core/snapshot.h"

namespace snapferry::tree {

// LeftOut: one of the snapshots left it out, or its content, so that nobody can tell whether it
// changed.
enum class ChangeKind { Added, Removed, Modified, TypeChanged, LeftOut };

// What is different about a modified entry; at least one is set.
struct ChangedParts {
  bool content = false;  // of a file; the target of a symlink; the number of a device
  bool mode = false;
  bool owner = false;
  bool mtime = false;
  bool xattrs = false;  // with ACLs and capabilities
  bool operator==(const ChangedParts&) const = default;
};

// One path that is different. The entries are valid during the call that tells it.
struct Change {
  ChangeKind kind;
  const std::string& path;  // relative to the volume; the volume itself is ""
  const Entry* before;      // nullptr if Added; also if LeftOut and not there before
  const Entry* after;       // nullptr if Removed; also if LeftOut and not there after
  ChangedParts parts;       // if Modified
};

struct DiffOptions {
  // What is in a directory that was added or removed is told too, and not just the
  // directory.
  bool expand = true;
  // Where both are below the root of the volume; "" is the root.
  std::string path = {};
  const Cancellation* cancellation = nullptr;
};

// What the changes told come to.
struct DiffTotals {
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t modified = 0;
  std::uint64_t type_changed = 0;
  std::uint64_t left_out = 0;
  std::uint64_t bytes_added = 0;    // sizes of files that were added, or have other content
  std::uint64_t bytes_removed = 0;  // sizes of these before, and of files that were removed
  bool operator==(const DiffTotals&) const = default;
};

// Tells `report` what is different in `after`, in order of names and a directory before
// its content; nullptr: there is nothing. Changes of ctime or inode alone are none. Of two
// directories the content is compared entry by entry. An entry that changed its type is told once,
// and then what was or is below it on the same terms as `expand` says.
//
// Cost and memory are those of walk_pair (tree/query/pair_walk.h): what is shared is not read.
// Throws Corrupt or NotFound with the path, Cancelled, and what `report` throws.
DiffTotals diff(const Entry* before, const Entry* after, ObjectSource& source,
                const std::function<void(const Change&)>& report, const DiffOptions& options = {});

}  // namespace snapferry::tree
