#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/entry.h"
#include "core/object_store.h"
#include "platform/fd.h"
#include "tree/restore/overwrite_verdict.h"
#include "tree/restore/placement.h"
#include "tree/restore/restore_directory.h"

namespace snapferry::tree {

// --- Small files: wholly read, and so known to be undamaged, before they are created ---

bool is_small(const Entry& file);

using LoadedContent = std::vector<std::pair<std::uint64_t, Bytes>>;  // offset and data

// How many bytes a restore of the file writes: all but holes. Throws as load_content().
std::uint64_t bytes_to_write(ObjectSource& source, const Entry& file);

// Throws Corrupt, and what the source throws.
LoadedContent load_content(ObjectSource& source, const Entry& file);

// Creates the file exclusively, for writing.
platform::Fd create_file(Placement& placement, unsigned mode);

// Leaves out the holes. Returns how many bytes were written; the filesystem has them then.
std::uint64_t write_content(int fd, const LoadedContent& content, const Entry& file);

// --- Big files: written beside by all workers at once ---

// Throws nothing about the file itself: that is reported when it is done.
void begin_big_file(RestoreSession& session, RestoreDirectory& directory,
                    const DirectoryHandle& here, Entry entry, std::optional<Existing> existing);

}  // namespace snapferry::tree
