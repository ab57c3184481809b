#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/entry.h"
#include "core/object_store.h"

namespace snapferry::testing {

struct TreeOptions {
  // Applied to the entry of a path before it is stored; "" is the root. The way to
  // modes, times, types and extended attributes.
  std::map<std::string, std::function<void(Entry&)>> edits;
  // Of how many names one is the last of its node. The default makes one leaf of every
  // directory that a test writes out.
  unsigned names_per_node = 1u << 30;
};

// Stores the tree that `paths` describe and returns its root. "d/f=text" is a file of
// that content, "l->target" a symlink, "d/" a directory; directories on the way need no
// line of their own. Every entry is 0644 or 0755, of root, of time and inode 0.
Entry build_tree(ObjectSink& sink, const std::vector<std::string>& paths,
                 const TreeOptions& options = {});

}  // namespace snapferry::testing
