#include "core/tree_reader.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/tree_cursor.h"
#include "core/tree_node.h"

namespace snapferry {
namespace {

// What the range of a file that is read begins with and ends before.
struct Range {
  std::uint64_t begin;
  std::uint64_t end;
};

using RunVisitor = std::function<void(std::uint64_t offset, const ContentRun&)>;

// The list that a run of depth `depth` stands for, checked against that run.
Content load_list(ObjectSource& source, const ContentRun& run, std::uint8_t depth) {
  try {
    Content list = decode_list(source.get(ObjectKind::List, *run.id));
    std::uint64_t total = 0;
    for (const ContentRun& part : list.runs) {
      if (__builtin_add_overflow(total, part.length, &total)) total = 0;
      if (total == 0 || total > run.length) break;
    }
    if (total != run.length) throw Error(ErrorKind::Corrupt, "does not add up to its length");
    if (list.depth + 1 != depth) throw Error(ErrorKind::Corrupt, "depth does not fit its parent");
    return list;
  } catch (Error& error) {
    error.add_context("list " + run.id->short_hex());
    throw;
  }
}

// Visits the runs of depth 0 that touch `range`; recursion ends because the depth of
// every list is checked to be one less.
void visit_runs(ObjectSource& source, const Content& content, std::uint64_t offset, Range range,
                const RunVisitor& visit) {
  for (const ContentRun& run : content.runs) {
    std::uint64_t end = 0;
    if (__builtin_add_overflow(offset, run.length, &end)) {
      throw Error(ErrorKind::Corrupt, "content: is longer than a file can be");
    }
    if (offset >= range.end) return;
    if (end > range.begin) {
      if (content.depth == 0 || !run.id) {
        visit(offset, run);
      } else {
        visit_runs(source, load_list(source, run, content.depth), offset, range, visit);
      }
    }
    offset = end;
  }
}

Bytes load_data(ObjectSource& source, const ContentRun& run) {
  try {
    Bytes bytes = source.get(ObjectKind::Data, *run.id);
    if (bytes.size() != run.length) throw Error(ErrorKind::Corrupt, "has the wrong length");
    return bytes;
  } catch (Error& error) {
    error.add_context("data " + run.id->short_hex());
    throw;
  }
}

}  // namespace

LeftOutError::LeftOutError(std::string_view path, const Entry& entry)
    : Error(ErrorKind::NotFound, std::string(path) + ": '" + entry.name +
                                     "' was left out of the snapshot (" +
                                     std::string(reason_text(entry.left_out)) +
                                     "); look for it in another with 'snapferry find'") {}

void TreeReader::for_each(const ObjectId& tree,
                          const std::function<bool(const Entry&)>& visit) const {
  for_each_encoded(tree,
                   [&](ByteView entry, std::string_view) { return visit(decode_entry(entry)); });
}

void TreeReader::for_each_encoded(
    const ObjectId& tree,
    const std::function<bool(ByteView entry, std::string_view name)>& visit) const {
  for (TreeCursor cursor(source_, tree); cursor.find_entry(); cursor.next()) {
    if (!visit(cursor.item().bytes, cursor.item().name)) return;
  }
}

std::optional<Entry> TreeReader::find(const ObjectId& tree, std::string_view name) const {
  TreeCursor cursor(source_, tree);
  cursor.seek(name);
  if (cursor.at() != TreeCursor::At::Entry || cursor.item().name != name) return std::nullopt;
  return decode_entry(cursor.item().bytes);
}

std::optional<Entry> TreeReader::resolve(const Entry& root, std::string_view path) const {
  Entry entry = root;
  std::size_t position = 0;
  while (position < path.size()) {
    const std::size_t end = std::min(path.find('/', position), path.size());
    const std::string_view part = path.substr(position, end - position);
    position = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      throw Error(ErrorKind::InvalidArgument,
                  std::string(path) + ": must not contain '..'; give the path without it");
    }
    if (entry.left_out != LeftOut::None) throw LeftOutError(path, entry);
    if (entry.type != EntryType::Directory) return std::nullopt;
    try {
      std::optional<Entry> found = find(entry.tree, part);
      if (!found) return std::nullopt;
      entry = std::move(*found);
    } catch (Error& error) {
      error.add_context(path.substr(0, end));
      throw;
    }
  }
  return entry;
}

void TreeReader::for_each_run(
    const Content& content,
    const std::function<void(std::uint64_t offset, const ContentRun&)>& visit) const {
  visit_runs(source_, content, 0, {0, UINT64_MAX}, visit);
}

Bytes TreeReader::read(const Entry& file, std::uint64_t offset, std::size_t length) const {
  if (file.left_out != LeftOut::None) throw LeftOutError(file.name, file);
  if (offset >= file.size) return {};
  const std::uint64_t end = offset + std::min<std::uint64_t>(length, file.size - offset);
  Bytes result(static_cast<std::size_t>(end - offset));
  std::uint64_t covered = offset;
  visit_runs(source_, file.content, 0, {offset, end},
             [&](std::uint64_t start, const ContentRun& run) {
               const std::uint64_t from = std::max(start, offset);
               const std::uint64_t to = std::min(start + run.length, end);
               covered = to;
               if (!run.id) return;
               const Bytes data = load_data(source_, run);
               std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(from - start), to - from,
                           result.begin() + static_cast<std::ptrdiff_t>(from - offset));
             });
  if (covered != end) {
    throw Error(ErrorKind::Corrupt, file.name + ": content is shorter than the file");
  }
  return result;
}

}  // namespace snapferry
