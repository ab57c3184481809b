// Tree nodes, entries and lists, as they come out of a repository. What decodes must
// encode to the same bytes, so that nothing stored has two forms.

#include <algorithm>
#include <cstdlib>

#include "core/error.h"
#include "core/tree_node.h"

namespace {

using snapferry::Bytes;
using snapferry::ByteView;

void expect_same(const Bytes& encoded, ByteView bytes) {
  if (!std::equal(encoded.begin(), encoded.end(), bytes.begin(), bytes.end())) std::abort();
}

template <typename Action>
void corrupt_at_most(const Action& action) {
  try {
    action();
  } catch (const snapferry::Error& error) {
    if (error.kind() != snapferry::ErrorKind::Corrupt) std::abort();
  }
}

void check_entry(ByteView bytes, bool root) {
  corrupt_at_most([&] {
    Bytes encoded;
    snapferry::encode_entry(snapferry::decode_entry(bytes, root), encoded);
    expect_same(encoded, bytes);
  });
}

void check_node(ByteView bytes) {
  corrupt_at_most([&] {
    const auto node = snapferry::TreeNode::parse(bytes);
    for (const auto& item : node.items) {
      (void)item.tree();
      check_entry(item.bytes, false);
    }
    if (!node.is_leaf) expect_same(snapferry::encode_inner(node.height, node.children), bytes);
  });
}

void check_list(ByteView bytes) {
  corrupt_at_most(
      [&] { expect_same(snapferry::encode_list(snapferry::decode_list(bytes)), bytes); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check_node(bytes);
  check_list(bytes);
  check_entry(bytes, true);
  return 0;
}
