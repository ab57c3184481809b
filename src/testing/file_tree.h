#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/entry.h"
#include "core/object_store.h"
#include "core/snapshot.h"

namespace snapferry::testing {

// A tree written down for a test:
//
//   directory("", {file("a", "text").mode(0600), symlink("b", "a"), directory("c", {})})
//
// Files belong to this process and have the mtime 1000000000.5 unless said otherwise.
class Node {
 public:
  Node(EntryType type, std::string name);

  Node& mode(std::uint32_t mode);
  Node& owner(std::uint32_t uid, std::uint32_t gid);
  Node& mtime(std::int64_t seconds, std::uint32_t nanoseconds);
  Node& xattr(std::string name, std::string_view value);
  // Entries with the same number are names of one file.
  Node& link(std::uint64_t inode);
  Node& device(std::uint64_t device);
  // Not as it was: Entry::unsettled.
  Node& unsettled();

  // The content is not in the snapshot.
  Node& left_out(LeftOut reason);
  // Nor anything but the name.
  Node& name_only(LeftOut reason);

  // More content: data, stored as one object, or a hole.
  Node& data(std::string_view bytes);
  Node& hole(std::uint64_t length);
  // Puts the content so far behind lists of `depth` levels, two runs in each.
  Node& nested(std::uint8_t depth);

  Entry entry;

 private:
  friend Node directory(std::string name, std::vector<Node> children);
  friend Entry store(const Node& node, ObjectSink& sink);
  struct Piece {
    bool is_hole;
    std::uint64_t length;
    std::string bytes;
  };
  std::vector<Piece> pieces_;
  std::uint8_t depth_ = 0;
  std::vector<Node> children_;
};

Node file(std::string name, std::string_view text = "");
Node symlink(std::string name, std::string target);
Node directory(std::string name, std::vector<Node> children);

// Puts everything below `node` into `sink`; children may be in any order.
Entry store(const Node& node, ObjectSink& sink);
// A snapshot of it as "host:/volume".
Snapshot snapshot_of(const Node& root, ObjectSink& sink);

}  // namespace snapferry::testing
