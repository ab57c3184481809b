#include "tree/restore/content_cursor.h"

#include <utility>

#include "core/error.h"
#include "core/tree_node.h"

namespace snapferry::tree {
namespace {

void check_list(const Content& list, const ContentRun& run, std::uint8_t depth) {
  if (list.depth != depth) throw Error(ErrorKind::Corrupt, "depth does not fit its parent");
  std::uint64_t total = 0;
  for (const ContentRun& part : list.runs) {
    if (__builtin_add_overflow(total, part.length, &total)) {
      throw Error(ErrorKind::Corrupt, "overflows");
    }
  }
  if (total != run.length) throw Error(ErrorKind::Corrupt, "does not add up to its length");
}

}  // namespace

ContentCursor::ContentCursor(ObjectSource& source, const Content& content) : source_(source) {
  levels_.push_back({content, 0});
}

std::optional<ContentCursor::Run> ContentCursor::next() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.position == level.content.runs.size()) {
      levels_.pop_back();
      continue;
    }
    const ContentRun run = level.content.runs[level.position++];
    if (run.id && level.content.depth > 0) {
      open(run, static_cast<std::uint8_t>(level.content.depth - 1));
      continue;
    }
    const std::uint64_t offset = offset_;
    offset_ += run.length;
    return Run{offset, run};
  }
  return std::nullopt;
}

void ContentCursor::open(const ContentRun& run, std::uint8_t depth) {
  try {
    Content list = decode_list(source_.get(ObjectKind::List, *run.id));
    check_list(list, run, depth);
    levels_.push_back({std::move(list), 0});
  } catch (Error& error) {
    error.add_context("list " + run.id->short_hex());
    throw;
  }
}

}  // namespace snapferry::tree
