// The files of a snapshot as a hostile far end may show them.
//
//   input  := answer*
//   answer := u16 length, bytes          given out in turn, whatever is asked for
//
// Whatever comes: only Error is thrown, every name could be a file's, names ascend, and nothing is
// longer than was asked for.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "core/tree_node.h"
#include "core/tree_reader.h"
#include "remote/remote_view.h"
#include "view/live_objects.h"

namespace snapferry {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

class GivenStream : public Stream {
 public:
  explicit GivenStream(ByteView bytes) : bytes_(bytes) {}
  std::size_t read(std::span<std::uint8_t> buffer) override {
    const auto size = std::min(buffer.size(), bytes_.size());
    if (size > 0) std::memcpy(buffer.data(), bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return size;
  }
  void finish() override {}

 private:
  ByteView bytes_;
};

class GivenAnswers : public remote::ViewRequests {
 public:
  explicit GivenAnswers(ByteView bytes) : in_(bytes, "input") {}
  Bytes ask(wire::Verb, Bytes) override {
    const ByteView answer = next();
    return {answer.begin(), answer.end()};
  }
  std::unique_ptr<Stream> start(wire::Verb, Bytes) override {
    return std::make_unique<GivenStream>(next());
  }

 private:
  ByteView next() {
    if (in_.remaining() < 2) throw Error(ErrorKind::Unavailable, "the connection was lost");
    return in_.raw(std::min<std::size_t>(in_.u16(), in_.remaining()));
  }
  ByteReader in_;
};

template <typename Action>
void ignoring_errors(Action action) {
  try {
    action();
  } catch (const Error&) {
  }
}

void read_file(SnapshotView& view, const std::string& directory, const ViewedFile& file) {
  for (std::uint64_t offset = 0; offset < file.entry.size && offset < (4u << 20);) {
    const auto bytes = view.read({directory, file.entry.name, file.version, offset, 4096});
    require(bytes.size() <= 4096);
    if (bytes.empty()) return;
    offset += bytes.size();
  }
  const FileRange whole{directory, file.entry.name, file.version, 0, SnapshotView::kMaxLookAt};
  std::uint64_t end = 0;
  for (const auto& data : view.data_in(whole)) {
    require(data.begin >= end && data.begin < data.end && data.end <= whole.length);
    end = data.end;
  }
}

void walk(SnapshotView& view, const std::string& directory, int depth) {
  const auto part = view.list(directory, 0);
  std::string last;
  for (const auto& file : part.files) {
    require(is_valid_name(file.entry.name) && file.entry.name > last);
    last = file.entry.name;
    ignoring_errors([&] {
      if (file.entry.type == EntryType::Directory) {
        if (depth < 8) walk(view, view_path(directory, file.entry.name), depth + 1);
      } else if (file.entry.type == EntryType::File) {
        read_file(view, directory, file);
      }
    });
  }
}

std::unique_ptr<SnapshotView> view_of(ByteView bytes) {
  return std::make_unique<remote::RemoteView>(std::make_unique<GivenAnswers>(bytes),
                                              wire::SnapshotName{{"web1", "zfs:tank"}, "s", {}});
}

// As the commands read them.
void read_as_trees(ByteView bytes) {
  view::LiveObjects objects;
  const auto root = objects.add("volume", "snapshot", [&] { return view_of(bytes); });
  const TreeReader reader(objects);
  int left = 50;
  reader.for_each(root, [&](const Entry& entry) {
    require(is_valid_name(entry.name));
    ignoring_errors([&] {
      if (entry.type == EntryType::File) {
        require(reader.read(entry, 0, 8192).size() <= 8192);
      } else if (entry.type == EntryType::Directory) {
        (void)reader.find(entry.tree, "a");
      }
    });
    return --left > 0;
  });
}

}  // namespace
}  // namespace snapferry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const snapferry::ByteView bytes(data, size);
  snapferry::ignoring_errors([&] {
    const auto view = snapferry::view_of(bytes);
    snapferry::walk(*view, "", 0);
  });
  snapferry::ignoring_errors([&] { (void)snapferry::view_of(bytes)->root(); });
  snapferry::ignoring_errors([&] { snapferry::read_as_trees(bytes); });
  return 0;
}
