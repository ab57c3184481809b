#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/object_id.h"
#include "tree/restore/restore.h"

namespace snapferry::tree {

// What of a snapshot a restore brings back.
struct RestoredPart {
  std::vector<std::string> paths;     // ascending; empty: everything
  std::vector<std::string> excludes;  // the patterns of what is passed over
  bool is_everything() const { return paths.empty() && excludes.empty(); }
  bool operator==(const RestoredPart&) const = default;
};

RestoredPart part_of(const RestoreOptions& options);

// A restore that did not end well leaves a mark in its target, a file, which is read by the next
// one there.
struct UnfinishedRestore {
  enum class State {
    // It may have been interrupted, whatever ended it, and the directory was new or empty when it
    // began: all that is in it is known to be of this restore, and the same command goes on.
    Interrupted,
    // The disk did not take what it was given (tree/restore/target_sync.h). Sizes and times may
    // look right and content be damaged, so whatever is restored there next writes all again.
    Unsynced
  };
  State state = State::Interrupted;
  ObjectId snapshot = {};
  // nullopt: nobody knows. Marks of earlier versions do not tell.
  std::optional<RestoredPart> part = {};
  bool made_target = false;  // the directory itself is of the restore; of Interrupted ones

  // Whether restoring `other` of the snapshot `id` is the same command.
  bool goes_on_with(const ObjectId& id, const RestoredPart& other) const {
    return state == State::Interrupted && snapshot == id && (!part || *part == other);
  }
  // Whether all that it concerns is written again by a restore of `other`.
  bool is_covered_by(const RestoredPart& other) const {
    return other.is_everything() || part == other;
  }
  bool operator==(const UnfinishedRestore&) const = default;
};

// The name of the mark. Its text is
//
//   mark  := "unfinished restore of snapshot " ID "\n" state "\n" path* pattern* "end\n"
//   state := "made the directory" | "found the directory empty" | "may not be on the disk"
//   path    := "path " TEXT "\n"       TEXT has "\\" for a backslash
//   pattern := "exclude " TEXT "\n"    and "\n" for a line feed
//
// One that was torn, by a loss of power or a full disk, is Unsynced, and nothing else is known of
// it.
inline constexpr std::string_view kUnfinishedName = ".snapferry-unfinished-restore";
// Earlier versions wrote ID " made the directory\n" or ID " found the directory\n" into it, for
// Interrupted, and an empty file of this name for Unsynced.
inline constexpr std::string_view kFormerUnsyncedName = ".snapferry-restore-unsynced";
inline bool is_mark_name(std::string_view name) {
  return name == kUnfinishedName || name == kFormerUnsyncedName;
}

// What the mark in the open `directory` says. nullopt where there is none. That somebody else was
// interrupted there is nothing to go on with, and counts as none.
std::optional<UnfinishedRestore> find_unfinished(int directory);
// The same by path.
std::optional<UnfinishedRestore> find_unfinished(const std::string& directory);

// Leaves the mark of an Interrupted one where there is no file of that name. False where that
// cannot be done: then the restore goes on without it.
bool mark_unfinished(int directory, const UnfinishedRestore& restore);

// Leaves the mark of an Unsynced one, in place of one that is there, as far as the disk still takes
// it. What that one said of other parts still counts.
void mark_unsynced(int directory, const ObjectId& snapshot, const RestoredPart& part);

// Takes the mark away, if there is one.
void unmark(int directory);

}  // namespace snapferry::tree
