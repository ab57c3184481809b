#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/entry.h"
#include "core/object_store.h"

namespace snapferry::tree {

// Walks the runs of a file's content in order, for callers that stop and go on. Lists
// are checked against the runs that stand for them. Borrows the source.
class ContentCursor {
 public:
  struct Run {
    std::uint64_t offset = 0;
    ContentRun run;  // of depth 0: data, or a hole
  };

  ContentCursor(ObjectSource& source, const Content& content);

  // The next run; nullopt at the end. Throws Corrupt, and what the source throws.
  std::optional<Run> next();

 private:
  void open(const ContentRun& run, std::uint8_t depth);

  ObjectSource& source_;
  struct Level {
    Content content;
    std::size_t position = 0;
  };
  std::vector<Level> levels_;  // at most kMaxContentDepth + 1
  std::uint64_t offset_ = 0;
};

}  // namespace snapferry::tree
