#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tree/backup/backup.h"

namespace snapferry::tree {

// How much a backup will have to look at.
struct Survey {
  std::uint64_t files = 0;  // everything but directories
  std::uint64_t bytes = 0;
  bool operator==(const Survey&) const = default;
};

// Counts what backup() with the same options would, without opening any file, so that a first
// backup can say how long it will take. What cannot be read, or is more than 128 directories deep,
// is not counted. nullopt once `stop` is requested. One thread; throws nothing.
std::optional<Survey> survey(const std::string& path, const BackupOptions& options,
                             const Cancellation& stop) noexcept;

}  // namespace snapferry::tree
