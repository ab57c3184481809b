#pragma once

#include "cli/context.h"
#include "core/object_store.h"
#include "core/snapshot.h"
#include "tree/query/restore_choice.h"

namespace snapferry::cli {

// What the command line of `restore` asks for of `snapshot`: its PATHs, --include and --exclude.
// Throws InvalidArgument for a pattern that can never match, and what the reader throws.
tree::RestoreWish read_restore_wish(const Context& context, const Snapshot& snapshot,
                                    ObjectSource& objects);

// Which of that is there. Warns of what was left out of the snapshot.
tree::RestoreChoice choose(Context& context, const Snapshot& snapshot,
                           const tree::RestoreWish& wish, ObjectSource& objects);

// Warns, once the restore is done, of patterns that matched nothing.
void warn_of_unused(Context& context, const tree::RestoreWish& wish);

}  // namespace snapferry::cli
