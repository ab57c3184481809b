#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/object_id.h"

namespace snapferry::tree {

// A restore into a directory that was new or empty leaves a mark in it until it is finished, so
// that the same command goes on after an interruption, whatever ended it: everything in the
// directory is known to be its own.
struct UnfinishedRestore {
  ObjectId snapshot;
  bool made_target = false;  // the directory itself is of the restore
  bool operator==(const UnfinishedRestore&) const = default;
};

// The name of the mark, a file in the target.
inline constexpr std::string_view kUnfinishedName = ".snapferry-unfinished-restore";

// What the mark in the open `directory` says. nullopt where there is none, or one that this user
// did not leave.
std::optional<UnfinishedRestore> find_unfinished(int directory);
// The same by path.
std::optional<UnfinishedRestore> find_unfinished(const std::string& directory);

// Leaves the mark. False where that cannot be done: then the restore goes on without it.
bool mark_unfinished(int directory, const UnfinishedRestore& restore);

// Takes the mark away, if there is one.
void unmark(int directory);

}  // namespace snapferry::tree
