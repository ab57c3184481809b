#pragma once

#include <string>
#include <vector>

#include "core/store.h"
#include "platform/command.h"
#include "zfs/source_record.h"
#include "zfs/store_listing.h"

namespace snapferry::zfs {

// The records of what a volume was at its source (zfs/source_record.h), on its replica.

// What holds for `snapshot`, a point of `replica`; empty: not known. One process.
VolumeProperties recorded_description(platform::Commands& commands, const std::string& volume,
                                      const StoreDataset& replica, const Point& snapshot);

// Puts `properties` in the place of the record that the replica has, which its newest snapshot gets
// unless it has one, and has the replica read as they say. One process where there was no record,
// three where there was. Throws as these fail; where it did, the next run does it again.
void supersede_description(platform::Commands& commands, const std::string& volume,
                           const StoreDataset& replica, const VolumeProperties& properties);

// The records on `dataset` and its snapshots, made under the name `from`, are of `to` from now on.
// One process, and one for each record.
void rename_records(platform::Commands& commands, const std::string& from, const std::string& to,
                    const std::string& dataset);

// What a replica shows otherwise than the volume did, as in "acltype is off"; one process.
std::vector<std::string> misread_properties(platform::Commands& commands, const std::string& volume,
                                            const StoreDataset& replica);

}  // namespace snapferry::zfs
