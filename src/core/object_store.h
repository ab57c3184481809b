#pragma once

#include <cstdint>
#include <span>
#include <vector>

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

// A content-addressed object by its name.
struct ObjectRef {
  ObjectKind kind = ObjectKind::Data;
  ObjectId id;
  bool operator==(const ObjectRef&) const = default;
};

// Where a backup puts content, on this machine or at the far end of a connection: nothing but
// missing() and settle() needs an answer. Implemented by repository::BackupSession; tests use
// testing::MemoryObjects and testing::DeferredSink. Safe to use from several threads at once.
class ObjectSink {
 public:
  virtual ~ObjectSink() = default;

  // The id that `bytes` have in this store. Computed here: nothing is asked and nothing kept.
  virtual ObjectId id_of(ObjectKind kind, ByteView bytes) const = 0;

  // Those of `objects`, in their order, that have to be put: the store does not have them, or has
  // them damaged as far as is known. What was put is not missing, though it may be under way. One
  // question however many they are, and no answer of a cache: an id that is remembered from
  // anywhere proves nothing. What is taken over unread must be read and put again where it is
  // missing; what is about to be put need not be handed over where it is not.
  virtual std::vector<ObjectRef> missing(std::span<const ObjectRef> objects) = 0;

  // Takes `bytes`, at most kMaxObjectSize, and returns id_of() them. The store has them then, or
  // gets them in its own time: several may be under way, in any order, and a put waits only while
  // there are too many. So a failure may be thrown by any later call, and nothing can be read
  // before settle(). What was put is not durable, and not protected, before the session commits.
  // Throws NoSpace, Unavailable, Cancelled.
  virtual ObjectId put(ObjectKind kind, ByteView bytes) = 0;

  // Waits until the store has all that was put before. Throws what failed of it, again each time.
  virtual void settle() = 0;

  // Whether the store may have lost content of the snapshot that this backup builds on. While it is
  // false, what did not change need not be put again; once it is true, it stays so. Costs nothing.
  virtual bool any_lost() const = 0;
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
