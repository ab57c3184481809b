#pragma once

#include <vector>

#include "tree/restore/link_records.h"
#include "tree/restore/restore_directory.h"

namespace snapferry::tree {

// Makes `entry` another name of the file at `place`, after a look whether that is still
// the file that was restored there. False if it cannot be linked and is to be restored
// as a file of its own. Throws system errors.
bool restore_link(RestoreSession& session, RestoreDirectory& directory, const DirectoryHandle& here,
                  const Entry& entry, const LinkRecords::Place& place);

// Restores entries that waited for the first name of their file.
void continue_waiting(RestoreSession& session, std::vector<LinkRecords::Waiting> waiting);

}  // namespace snapferry::tree
