#pragma once

#include <cstdint>

#include "core/bytes.h"
#include "core/object_id.h"

namespace snapferry {

// What the bytes of a content-addressed object are. The kind is part of what the
// id authenticates: the same bytes have different ids as Data and as Tree.
enum class ObjectKind : std::uint8_t {
  Data = 1,  // a chunk of a file
  Tree = 2,  // a node of a directory (core/tree_node.h)
  List = 3,  // references to the chunks of a big file (core/content.h)
};

// Where a backup puts content. Implemented by repository::BackupSession;
// tests use testing::MemoryObjects. Safe to use from several threads at once.
class ObjectSink {
 public:
  virtual ~ObjectSink() = default;

  // Stores `bytes` unless the store has them, and returns their id. What was put
  // is not durable, and not protected, before the session commits. At most
  // kMaxObjectSize bytes. Throws NoSpace, Unavailable, Cancelled.
  virtual ObjectId put(ObjectKind kind, ByteView bytes) = 0;

  // Whether the store may have lost content of the snapshot that this backup builds on. While it is
  // false, what did not change need not be put again; once it is true, it stays so. Costs nothing.
  virtual bool any_lost() const = 0;

  // Whether `id` is not stored, or damaged as far as known: what is taken over unread must be read
  // and put again then. A lookup.
  virtual bool is_lost(ObjectKind kind, const ObjectId& id) = 0;
};

// Where content is read from. Implemented by repository::Repository; tests use
// testing::MemoryObjects. Safe to use from several threads at once.
class ObjectSource {
 public:
  virtual ~ObjectSource() = default;

  // The bytes behind `id`, verified. Throws NotFound if the store has no such
  // object, Corrupt if what is stored is not what was written, Unavailable.
  virtual Bytes get(ObjectKind kind, const ObjectId& id) = 0;
};

// No object is larger, so that a reader can bound what it allocates.
inline constexpr std::size_t kMaxObjectSize = 16u << 20;

}  // namespace snapferry
