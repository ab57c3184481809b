#pragma once

#include "tree/backup/walk_context.h"

namespace snapferry::tree {

// As backup(), with hooks.
BackupResult backup_with_hooks(FileSource& files, const std::optional<Base>& base,
                               ObjectSource& source, ObjectSink& sink, const BackupOptions& options,
                               const WalkHooks& hooks);

}  // namespace snapferry::tree
