#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/object_store.h"
#include "tree/backup/base_cursor.h"

namespace snapferry::tree {

// When a directory becomes several leaves. A leaf ends before a name that is a border,
// which depends on the name alone, so that a change rewrites only the leaf it is in.
inline constexpr std::size_t kLeafMinimum = 128;   // entries; no border before
inline constexpr std::size_t kLeafSpread = 384;    // then one name in so many is a border
inline constexpr std::size_t kLeafMaximum = 2048;  // entries
inline constexpr std::size_t kLeafBytes = 1 << 20;

// Whether `name` is a border at `height` (0 for leaves).
bool is_border(std::string_view name, unsigned height);

// The place of an id that is not known yet: the last 32 bytes of an entry in a leaf.
struct IdSlot {
  std::size_t leaf = 0;
  std::size_t offset = 0;
  std::size_t entry = 0;  // where the entry begins
};

// Builds the Tree objects of one directory from its entries. One thread, the owner,
// adds the entries and calls finish(); the ids of subdirectories and of content that
// others are still working on are filled in from any thread, at any time. A leaf is put
// as soon as nothing in it is missing, and then forgotten; one that ends up equal to
// the base's keeps its id, and is not put unless the sink may have lost it. Borrows the sink, whose
// errors pass through.
class TreeBuilder {
 public:
  explicit TreeBuilder(ObjectSink& sink) : sink_(sink) {}
  TreeBuilder(const TreeBuilder&) = delete;
  TreeBuilder& operator=(const TreeBuilder&) = delete;

  // Owner: appends an encoded entry; names ascend. `origin` is where in the base these
  // very bytes stand, or nullptr.
  void add(std::string_view name, ByteView entry, const BaseItem* origin);

  // Owner: the same, when the last 32 bytes are still to be filled in. In an entry from
  // the base they are the id of its tree there.
  IdSlot add_pending(std::string_view name, ByteView entry, const BaseItem* origin);

  // Any thread: sets a missing id, once for each slot. Returns the id of the whole
  // directory if that was the last thing missing.
  std::optional<ObjectId> fill(const IdSlot& slot, const ObjectId& id);

  // Any thread: instead of fill(), of the entry of a directory: its content is left out.
  std::optional<ObjectId> leave_out(const IdSlot& slot, LeftOut reason);

  // Owner: there are no more entries. `base` is the same directory in the base. Returns
  // the id of the directory if nothing is missing.
  std::optional<ObjectId> finish(const std::optional<BaseShape>& base);

 private:
  struct Leaf {
    Bytes bytes;
    std::size_t count = 0;
    std::size_t missing = 0;  // ids, and 1 while the owner may add
    bool same = false;        // so far equal to the leaf of the base
    BaseItem base;            // of the first entry, if that came from the base
    bool open = true;
    std::vector<std::pair<std::size_t, ObjectId>> early;  // filled in while it was open
    std::vector<std::pair<IdSlot, LeftOut>> left_out;
  };
  struct Part {
    std::string first_name;
    ObjectId id;
    std::unique_ptr<Leaf> leaf;  // until it is complete
  };

  void begin_leaf(std::string_view name, const BaseItem* origin);
  // Both: the id of the directory if that completed it.
  std::optional<ObjectId> close_leaf();
  std::optional<ObjectId> complete(std::size_t part, std::unique_ptr<Leaf> leaf);
  static void mark_left_out(Leaf& leaf);
  ObjectId put_inner();

  ObjectSink& sink_;
  Leaf* current_ = nullptr;  // the owner's
  std::mutex mutex_;         // guards what follows; a leaf's bytes only once it is closed
  std::vector<Part> parts_;
  std::size_t missing_ = 1;  // leaves, and 1 until finish()
  bool same_ = true;         // all complete leaves are the base's, in its order
  std::optional<BaseShape> base_;
};

}  // namespace snapferry::tree
