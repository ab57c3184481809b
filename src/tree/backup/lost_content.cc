#include "tree/backup/lost_content.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/tree_node.h"

namespace snapferry::tree {
namespace {

bool is_lost(const Content& content, ObjectSource& source, ObjectSink& sink) {
  return std::ranges::any_of(content.runs, [&](const ContentRun& run) {
    if (!run.id) return false;
    if (content.depth == 0) return sink.is_lost(ObjectKind::Data, *run.id);
    if (sink.is_lost(ObjectKind::List, *run.id)) return true;
    const Content list = decode_list(source.get(ObjectKind::List, *run.id));
    return list.depth >= content.depth || is_lost(list, source, sink);
  });
}

}  // namespace

bool has_lost_content(ByteView base_entry, ObjectSource& source, ObjectSink& sink) {
  if (!sink.any_lost()) return false;
  FixedEntry fixed;
  std::memcpy(&fixed, base_entry.data(), sizeof fixed);
  if (fixed.type != static_cast<std::uint8_t>(EntryType::File)) return false;
  try {
    const Entry entry = decode_entry(base_entry, fixed.name_length == 0);
    return is_lost(entry.content, source, sink);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Corrupt) throw;
    return true;
  }
}

}  // namespace snapferry::tree
