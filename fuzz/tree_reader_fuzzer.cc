// Directories and files read out of objects that may hold anything.
//
//   input  := object*
//   object := u8 kind, u8 id, u16 length, bytes      id: the first byte of an id, 0 behind
//
// The directory is the Tree object of id 1; it is compared with that of id 2. Whatever
// the objects hold: only Error is thrown, names ascend, every name that is listed is
// found, and a file reads as its runs say.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/tree_reader.h"
#include "tree/query/diff.h"

namespace snapferry {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// Gives each object out, but only so often: a few bytes can describe more paths than
// anyone can walk.
class Objects : public ObjectSource {
 public:
  explicit Objects(ByteView bytes) {
    ByteReader in(bytes, "input");
    while (in.remaining() >= 4) {
      const std::uint8_t kind = in.u8();
      const ObjectId id = id_of(in.u8());
      const ByteView object = in.raw(std::min<std::size_t>(in.u16(), in.remaining()));
      objects_[{kind, id}].assign(object.begin(), object.end());
    }
  }

  static ObjectId id_of(std::uint8_t first) {
    ObjectId id;
    id.bytes[0] = first;
    return id;
  }

  Bytes get(ObjectKind kind, const ObjectId& id) override {
    if (++gets_ > kMaxGets) throw Error(ErrorKind::Unavailable, "objects: were read too often");
    const auto found = objects_.find({static_cast<std::uint8_t>(kind), id});
    if (found == objects_.end()) throw Error(ErrorKind::NotFound, "object: is not there");
    return found->second;
  }

 private:
  static constexpr int kMaxGets = 500;
  std::map<std::pair<std::uint8_t, ObjectId>, Bytes> objects_;
  int gets_ = 0;
};

template <typename Action>
void ignoring_errors(Action action) {
  try {
    action();
  } catch (const Error&) {
  }
}

// Reads the beginning of the file at once and run by run.
void check_file(Objects& objects, const Entry& file) {
  const TreeReader reader(objects);
  if (file.left_out != LeftOut::None) return;
  constexpr std::size_t kLength = 4096;
  const Bytes whole = reader.read(file, 0, kLength);
  require(whole.size() == std::min<std::uint64_t>(file.size, kLength));
  std::uint64_t end = 0;
  reader.for_each_run(file.content, [&](std::uint64_t offset, const ContentRun& run) {
    require(offset == end && run.length > 0);
    end = offset + run.length;
    if (offset >= whole.size()) throw Error(ErrorKind::Cancelled, "enough was seen");
    const std::size_t most = std::min<std::uint64_t>(run.length, whole.size() - offset);
    const Bytes part = reader.read(file, offset, most);
    require(std::equal(part.begin(), part.end(), whole.begin() + static_cast<long>(offset)));
  });
  require(end == file.size);
}

void check_directory(Objects& objects, const ObjectId& tree) {
  const TreeReader reader(objects);
  std::vector<Entry> listed;
  ignoring_errors([&] {
    reader.for_each(tree, [&](const Entry& entry) {
      require(listed.empty() || listed.back().name < entry.name);
      listed.push_back(entry);
      return listed.size() < 100;
    });
  });
  for (const Entry& entry : listed) {
    ignoring_errors([&] { require(reader.find(tree, entry.name) == entry); });
    if (entry.type == EntryType::File) ignoring_errors([&] { check_file(objects, entry); });
  }
}

}  // namespace
}  // namespace snapferry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  Objects objects(ByteView(data, size));
  Entry first;
  first.type = EntryType::Directory;
  first.tree = Objects::id_of(1);
  Entry second = first;
  second.tree = Objects::id_of(2);
  check_directory(objects, first.tree);
  ignoring_errors([&] { TreeReader(objects).resolve(first, "/a//a/./a"); });
  ignoring_errors([&] { tree::diff(&first, &second, objects, [](const tree::Change&) {}); });
  return 0;
}
