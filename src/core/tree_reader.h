#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "core/entry.h"
#include "core/error.h"
#include "core/object_store.h"

namespace snapferry {

// NotFound: what is asked for was left out of the snapshot.
class LeftOutError : public Error {
 public:
  // `entry` is what was left out, at `path` or on the way to it.
  LeftOutError(std::string_view path, const Entry& entry);
};

// Reads the directories and files of a snapshot out of an ObjectSource. Everything
// read is checked; Corrupt and NotFound of the source pass through with the path or
// id in the message. Borrows the source; as thread-safe as the source is.
class TreeReader {
 public:
  explicit TreeReader(ObjectSource& source) : source_(source) {}

  // Calls `visit` with every entry of the directory `tree` in order of name bytes,
  // until it returns false. Memory: one leaf at a time.
  void for_each(const ObjectId& tree, const std::function<bool(const Entry&)>& visit) const;

  // The same without decoding: the encoded entry and its name (core/tree_node.h).
  void for_each_encoded(
      const ObjectId& tree,
      const std::function<bool(ByteView entry, std::string_view name)>& visit) const;

  // The entry `name` in the directory `tree`; reads one leaf.
  std::optional<Entry> find(const ObjectId& tree, std::string_view name) const;

  // The entry at `path` below `root`; "", "." and "/" are the root itself. Repeated
  // and trailing slashes do not matter; ".." throws InvalidArgument. nullopt if there
  // is none, or a part on the way is no directory. Throws NotFound if a part on the way
  // was left out of the snapshot. Symlinks are not followed.
  std::optional<Entry> resolve(const Entry& root, std::string_view path) const;

  // Calls `visit` with every run of depth 0 of a file's content, in order: data and
  // holes. Of a file that was left out there are none. Memory: one list per level.
  void for_each_run(
      const Content& content,
      const std::function<void(std::uint64_t offset, const ContentRun&)>& visit) const;

  // Up to `length` bytes of the file's content from `offset`; fewer only at the end. Throws
  // NotFound if the file was left out.
  Bytes read(const Entry& file, std::uint64_t offset, std::size_t length) const;

 private:
  ObjectSource& source_;
};

}  // namespace snapferry
