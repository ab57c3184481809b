#pragma once

#include <string>
#include <vector>

#include "core/store.h"

namespace snapferry::btrfs {

// What a store has, by one listing of its filesystem. `store` is its open directory, `path` names
// it. What is not of the layout (store_layout.h) is passed over, and a note of one host that cannot
// be read fails no listing for the others.

// The replicas of `host`, or of all hosts if it is empty, ascending by volume. Throws as
// SubvolumeTable and system_error.
std::vector<ReplicaState> list_replicas(int store, const std::string& path,
                                        const std::string& host);

// What is expected beside the replicas (expected_note.h), of `host` or of all.
Expectations list_expectations(int store, const std::string& path, const std::string& host);

// The notes that cannot be read, a line for each.
std::vector<std::string> unreadable_notes(int store, const std::string& path);

}  // namespace snapferry::btrfs
