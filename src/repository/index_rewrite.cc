#include "repository/index_rewrite.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "repository/index_object.h"

namespace snapferry::repository {
namespace {

constexpr std::size_t kSmallIndex = kIndexTarget / 4;
constexpr std::size_t kManyIndexObjects = 8;

std::size_t count_pieces(const std::vector<PackRecords>& packs) {
  std::size_t pieces = 0;
  for (const PackRecords& pack : packs) pieces += pack.pieces.size();
  return pieces;
}

// nullopt if it is gone, or damaged: then its packs have to be adopted before it may go.
std::optional<std::vector<PackRecords>> read_index(const SealedObjects& objects,
                                                   const ObjectId& id) {
  try {
    return decode_index(objects.get(ObjectType::Index, id), object_name(ObjectType::Index, id));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Corrupt) throw;
    return std::nullopt;
  }
}

// Puts packs into index objects of the usual size.
class IndexWriter {
 public:
  explicit IndexWriter(SealedObjects& objects) : objects_(objects) {}

  void add(std::vector<PackRecords> packs) {
    for (PackRecords& pack : packs) {
      pieces_ += pack.pieces.size();
      packs_.push_back(std::move(pack));
      if (pieces_ >= kIndexTarget) write();
    }
  }

  void write() {
    if (packs_.empty()) return;
    objects_.put(ObjectType::Index, random_id(), encode_index(packs_));
    packs_.clear();
    pieces_ = 0;
  }

 private:
  SealedObjects& objects_;
  std::vector<PackRecords> packs_;
  std::size_t pieces_ = 0;
};

}  // namespace

void rewrite_index(blob::Storage& storage, SealedObjects& objects, const IdSet& gone,
                   const std::vector<ObjectId>& damaged, std::vector<PackRecords> more) {
  const auto is_gone = [&](const PackRecords& pack) { return gone.contains(pack.pack); };
  std::vector<ObjectId> old = damaged;
  IndexWriter writer(objects);
  std::erase_if(more, is_gone);
  writer.add(std::move(more));
  const auto all = objects.list(ObjectType::Index);
  const bool many_small = all.size() >= kManyIndexObjects;
  for (const ObjectId& id : all) {
    if (std::ranges::find(damaged, id) != damaged.end()) continue;
    auto listed = read_index(objects, id);
    if (!listed) continue;
    const bool is_small = count_pieces(*listed) < kSmallIndex;
    if (std::erase_if(*listed, is_gone) == 0 && !(many_small && is_small)) continue;
    old.push_back(id);
    writer.add(std::move(*listed));
  }
  writer.write();
  storage.sync();
  for (const ObjectId& id : old) objects.remove(ObjectType::Index, id);
  storage.sync();
}

}  // namespace snapferry::repository
