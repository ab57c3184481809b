#include "tree/query/diff.h"

#include "tree/query/pair_walk.h"

namespace snapferry::tree {
namespace {

ChangedParts compare(const Entry& before, const Entry& after) {
  return {
      .content = before.size != after.size || before.content != after.content ||
                 before.target != after.target || before.device != after.device,
      .mode = before.mode != after.mode,
      .owner = before.uid != after.uid || before.gid != after.gid,
      .mtime = before.mtime != after.mtime,
      .xattrs = before.xattrs != after.xattrs,
  };
}

bool is_left_out(const Entry* entry) {
  return entry != nullptr && entry->left_out != LeftOut::None;
}

// What both left out tells nothing, and a name that one excluded and the other lacks, either.
bool tells_nothing(const Entry* before, const Entry* after) {
  if (is_left_out(before)) return is_left_out(after) || (after == nullptr && before->name_only);
  return is_left_out(after) && before == nullptr && after->name_only;
}

ChangeKind kind_of(const Entry* before, const Entry* after) {
  if (is_left_out(before) || is_left_out(after)) return ChangeKind::LeftOut;
  if (before == nullptr) return ChangeKind::Added;
  if (after == nullptr) return ChangeKind::Removed;
  return before->type == after->type ? ChangeKind::Modified : ChangeKind::TypeChanged;
}

void count(const Change& change, DiffTotals& totals) {
  switch (change.kind) {
    case ChangeKind::Added:
      ++totals.added;
      break;
    case ChangeKind::Removed:
      ++totals.removed;
      break;
    case ChangeKind::Modified:
      ++totals.modified;
      break;
    case ChangeKind::TypeChanged:
      ++totals.type_changed;
      break;
    case ChangeKind::LeftOut:
      ++totals.left_out;
      return;
  }
  if (change.kind == ChangeKind::Modified && !change.parts.content) return;
  if (change.after != nullptr) totals.bytes_added += change.after->size;
  if (change.before != nullptr) totals.bytes_removed += change.before->size;
}

}  // namespace

DiffTotals diff(const Entry* before, const Entry* after, ObjectSource& source,
                const std::function<void(const Change&)>& report, const DiffOptions& options) {
  DiffTotals totals;
  const std::string prefix = options.path.empty() ? "" : options.path + "/";
  const PairVisitor visit = [&](const std::string& below, const Entry* left, const Entry* right) {
    const std::string path = below.empty() ? options.path : prefix + below;
    if (tells_nothing(left, right)) return false;
    Change change{kind_of(left, right), path, left, right, {}};
    if (change.kind == ChangeKind::Modified) change.parts = compare(*left, *right);
    if (change.kind != ChangeKind::Modified || change.parts != ChangedParts{}) {
      count(change, totals);
      report(change);
    }
    if (change.kind == ChangeKind::LeftOut) return false;
    return change.kind == ChangeKind::Modified || options.expand;
  };
  walk_pair(source, before, after, visit, options.cancellation);
  return totals;
}

}  // namespace snapferry::tree
