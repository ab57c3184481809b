#include "repository/object_reader.h"

#include <algorithm>

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
    : storage_(storage),
      index_(index),
      cache_(cache),
      master_(master),
      sealing_(sealing),
      ids_(master) {}

Bytes ObjectReader::get(ObjectKind kind, const ObjectId& id) {
  if (kind == ObjectKind::Data || cache_ == nullptr) return get_stored(kind, id);
  if (auto cached = cache_->get(id)) return std::move(*cached);
  Bytes bytes = get_stored(kind, id);
  cache_->put(id, bytes);
  return bytes;
}

// What was tried for one piece of content.
struct ObjectReader::Attempt {
  ObjectKind kind;
  ObjectId id;
  std::vector<Location> tried = {};
  std::optional<Error> failure = {};
  bool pack_vanished = false;
};

// The index is looked at again before content counts as lost: a prune may have moved it, or
// another host stored it, since it was read.
Bytes ObjectReader::get_stored(ObjectKind kind, const ObjectId& id) {
  Attempt attempt{kind, id};
  const std::uint64_t generation = index_.generation();
  if (auto bytes = try_copies(attempt)) return std::move(*bytes);
  if (index_.generation() == generation && (attempt.pack_vanished || may_look_again())) {
    index_.refresh();
  }
  if (auto bytes = try_copies(attempt)) return std::move(*bytes);
  if (index_.generation() != generation) {
    index_.load_uncovered();
    if (auto bytes = try_copies(attempt)) return std::move(*bytes);
  }
  if (attempt.failure) throw *attempt.failure;
  throw Error(ErrorKind::NotFound,
              subject(kind, id) + ": is not in the repository; run: snapferry verify");
}

std::optional<Bytes> ObjectReader::try_copies(Attempt& attempt) {
  for (const Location& place : index_.copies(attempt.kind, attempt.id)) {
    if (std::ranges::find(attempt.tried, place) != attempt.tried.end()) continue;
    attempt.tried.push_back(place);
    try {
      return open(attempt.kind, attempt.id, place);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) {
        attempt.pack_vanished = true;
        attempt.failure.emplace(ErrorKind::Corrupt, object_name(ObjectType::Pack, place.pack) +
                                                        ": is missing; run: snapferry verify");
        continue;
      }
      if (error.kind() != ErrorKind::Corrupt) throw;
      index_.damage().note(place.pack, attempt.id);
      attempt.failure = error;
    }
  }
  return std::nullopt;
}

bool ObjectReader::is_intact(const ObjectId& pack, const PieceRecord& piece) {
  try {
    open(piece.kind, piece.id, {pack, piece.offset, piece.stored_length, piece.plain_length});
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NotFound) return false;
    if (error.kind() != ErrorKind::Corrupt) throw;
    index_.damage().note(pack, piece.id);
    return false;
  }
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
  Bytes plain = decompress(coded, location.plain_length, subject(kind, id));
  if (ids_.id(kind, plain) != id) {
    throw Error(ErrorKind::Corrupt, object_name(ObjectType::Pack, location.pack) + ": " +
                                        subject(kind, id) + " was written with other content");
  }
  return plain;
}

}  // namespace snapferry::repository
