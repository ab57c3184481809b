#pragma once

#include <functional>
#include <string>

#include "core/cancellation.h"
#include "core/entry.h"
#include "core/object_store.h"

namespace snapferry::tree {

// Told about a path where two trees differ: one side is nullptr where only the other
// has it, and where both have it their entries differ in anything at all (also in
// ctime or inode). `path` is relative to the roots, which are "". The result says
// whether to go on below it, where either is a directory.
using PairVisitor =
    std::function<bool(const std::string& path, const Entry* left, const Entry* right)>;

// Visits, in order of names and parents before children, every path at which the trees
// below `left` and `right` differ; nullptr stands for no tree at all. What both share is
// never read: neither equal directories nor equal parts of big ones.
//
// Memory grows with the depth of the trees, by one node of each per level, and not with
// the number of entries; the call stack does not grow. Throws Corrupt or NotFound with
// the path, Cancelled, and what `visit` throws.
void walk_pair(ObjectSource& source, const Entry* left, const Entry* right,
               const PairVisitor& visit, const Cancellation* cancellation = nullptr);

}  // namespace snapferry::tree
