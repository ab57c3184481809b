#pragma once

#include "cli/backup_request.h"
#include "cli/context.h"
#include "tree/backup/backup.h"

namespace snapferry::cli {

// Reads the stream of `request` to its end into `sink`: standard input, or the output of a command.
// Throws where it must not be kept: standard input that is closed, a terminal, a directory or not
// open for reading (InvalidArgument), a command that failed (Unavailable, with how it ended), a
// stream without a byte that was not allowed to be empty (Unavailable).
tree::BackupResult back_up_stream(Context& context, const BackupRequest& request, ObjectSink& sink,
                                  const tree::BackupOptions& options);

}  // namespace snapferry::cli
