#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/expectation.h"

namespace snapferry::zfs {

// What is expected of one host beside its snapshots (core/expectation.h), as the properties
// "snapferry:expected.0", ".1", … of the snapshot STORE/HOST@snapferry-unchanged hold it, beside
// those of zfs/unchanged_record.h: its text, cut into parts.
struct ExpectedRecord {
  static constexpr std::size_t kParts = 4;
  static constexpr std::size_t kPartSize = 8000;  // a value has less than 8192 bytes

  static std::string property(std::size_t part);
  static ExpectationRoom room() { return {.bytes = kParts * kPartSize}; }
  // As many as it takes; all within room().
  static std::vector<std::string> parts(const HostExpectations& expectations);
};

}  // namespace snapferry::zfs
