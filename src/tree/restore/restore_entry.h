#pragma once

#include <optional>

#include "core/entry.h"
#include "core/error.h"
#include "tree/restore/overwrite_verdict.h"
#include "tree/restore/restore_directory.h"

namespace snapferry::tree {

// Restores one entry that is no directory, or begins to if it is a big file. Problems
// are reported; throws only what ends the restore. `here` is the open `directory`.
void restore_entry(RestoreSession& session, RestoreDirectory& directory,
                   const DirectoryHandle& here, Entry entry);

// --- For the parts of it ---

// Takes a directory out of the way of what comes in its place, if it is empty or may
// be deleted. Throws Conflict otherwise.
void clear_directory(RestoreSession& session, RestoreDirectory& directory,
                     const DirectoryHandle& here, const Entry& entry,
                     const std::optional<Existing>& existing);

// Reports the success or failure of the first name of a linked file, and goes on with
// the names that waited for it. Nothing for other files. `here` is a hint.
void links_done(RestoreSession& session, RestoreDirectory& directory, const Entry& entry,
                const struct statx& stat);
void links_failed(RestoreSession& session, const Entry& entry);

}  // namespace snapferry::tree
