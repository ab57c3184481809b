#include "tree/backup/lost_content.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "core/tree_node.h"

namespace snapferry::tree {
namespace {

// Asks for all runs of a level at once.
bool is_lost(const Content& content, ObjectSource& source, ObjectSink& sink) {
  const ObjectKind kind = content.depth == 0 ? ObjectKind::Data : ObjectKind::List;
  std::vector<ObjectRef> objects;
  for (const ContentRun& run : content.runs) {
    if (run.id) objects.push_back({kind, *run.id});
  }
  if (!sink.missing(objects).empty()) return true;
  return content.depth > 0 && std::ranges::any_of(objects, [&](const ObjectRef& object) {
           const Content list = decode_list(source.get(ObjectKind::List, object.id));
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
