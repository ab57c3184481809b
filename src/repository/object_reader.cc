#include "repository/object_reader.h"

#include "core/error.h"
#include "repository/compression.h"

namespace snapferry::repository {
namespace {

std::string_view kind_name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::Data:
      return "data";
    case ObjectKind::Tree:
      return "tree";
    case ObjectKind::List:
      return "list";
  }
  return "object";
}

std::string subject(ObjectKind kind, const ObjectId& id) {
  return std::string(kind_name(kind)) + " " + id.hex();
}

}  // namespace

ObjectReader::ObjectReader(blob::Storage& storage, ObjectIndex& index, ObjectCache* cache,
                           const Key& master, Sealing sealing)
    : storage_(storage), index_(index), cache_(cache), master_(master), sealing_(sealing) {}

Bytes ObjectReader::get(ObjectKind kind, const ObjectId& id) {
  if (kind == ObjectKind::Data || cache_ == nullptr) return get_stored(kind, id);
  if (auto cached = cache_->get(id)) return std::move(*cached);
  Bytes bytes = get_stored(kind, id);
  cache_->put(id, bytes);
  return bytes;
}

Bytes ObjectReader::get_stored(ObjectKind kind, const ObjectId& id) {
  const auto location = locate(kind, id);
  if (!location) {
    throw Error(ErrorKind::NotFound,
                subject(kind, id) + ": is not in the repository; run: snapferry verify");
  }
  try {
    return open(kind, id, *location);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
  }
  index_.refresh();  // a prune moved it since the index was read
  const auto again = index_.find(kind, id);
  if (!again || *again == *location) {
    throw Error(ErrorKind::Corrupt, object_name(ObjectType::Pack, location->pack) +
                                        ": is missing; run: snapferry verify");
  }
  return open(kind, id, *again);
}

std::optional<Location> ObjectReader::locate(ObjectKind kind, const ObjectId& id) {
  if (auto location = index_.find(kind, id)) return location;
  if (!may_look_again()) return std::nullopt;
  index_.refresh();
  if (auto location = index_.find(kind, id)) return location;
  index_.load_uncovered();
  return index_.find(kind, id);
}

// Many missing pieces must not mean as many listings of the storage.
bool ObjectReader::may_look_again() {
  constexpr std::chrono::seconds kPause{2};
  const auto now = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex_);
  if (looked_again_ != std::chrono::steady_clock::time_point{} && now - looked_again_ < kPause) {
    return false;
  }
  looked_again_ = now;
  return true;
}

Bytes ObjectReader::read_coded(const ObjectId& pack, const PieceRecord& piece) {
  const std::string name = object_name(ObjectType::Pack, pack);
  const Bytes stored = storage_.get_range(name, piece.offset, piece.stored_length);
  std::unique_ptr<PieceOpener> opener;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      opener = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!opener) opener = std::make_unique<PieceOpener>(master_, sealing_);
  Bytes coded;
  const bool authentic = opener->open(pack, piece, stored, coded);
  {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(opener));
  }
  if (!authentic) {
    throw Error(ErrorKind::Corrupt, name + ": " + subject(piece.kind, piece.id) +
                                        " is damaged (authentication failed)");
  }
  return coded;
}

Bytes ObjectReader::open(ObjectKind kind, const ObjectId& id, const Location& location) {
  const Bytes coded = read_coded(
      location.pack, {id, kind, location.offset, location.stored_length, location.plain_length});
  return decompress(coded, location.plain_length, subject(kind, id));
}

}  // namespace snapferry::repository
