#include "repository/damage_log.h"

#include <algorithm>
#include <mutex>
#include <span>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/clock.h"
#include "platform/fd.h"
#include "repository/temporary_file.h"

namespace snapferry::repository {
namespace {

constexpr std::size_t kChecksumSize = 8;
constexpr std::size_t kMostLocalBytes = 64u << 20;
// 16 MiB.
constexpr std::size_t kMostPiecesInRecord = 1u << 19;

std::string local_path(const std::string& directory) { return directory + "/damaged"; }

std::vector<DamagedPack> as_list(const std::map<ObjectId, std::set<ObjectId>>& packs) {
  std::vector<DamagedPack> list;
  for (const auto& [pack, pieces] : packs) {
    list.push_back({pack, std::vector<ObjectId>(pieces.begin(), pieces.end())});
  }
  return list;
}

// A pack as a whole stays one, whatever else is said of it.
void add(std::map<ObjectId, std::set<ObjectId>>& packs, const DamagedPack& damaged) {
  const auto [position, is_new] = packs.try_emplace(damaged.pack);
  if (!is_new && position->second.empty()) return;
  if (damaged.pieces.empty()) {
    position->second.clear();
  } else {
    position->second.insert(damaged.pieces.begin(), damaged.pieces.end());
  }
}

ObjectId mark_of(const ObjectId& pack, const ObjectId& piece) {
  ObjectId mark = pack;
  for (std::size_t i = 0; i < ObjectId::kSize; ++i) mark.bytes[i] ^= piece.bytes[i];
  return mark;
}

// Takes what is nowhere out of `packs`.
std::map<ObjectId, std::set<ObjectId>> without_copies(
    std::map<ObjectId, std::set<ObjectId>>& packs) {
  std::map<ObjectId, std::set<ObjectId>> nowhere;
  if (auto node = packs.extract(kNowhere)) nowhere.insert(std::move(node));
  return nowhere;
}

}  // namespace

void DamageLog::refresh() {
  std::vector<DamagedPack> found = read_local();
  for (const ObjectId& id : objects_.list(ObjectType::Damaged)) {
    try {
      for (DamagedPack& pack : decode_damage_record(objects_.get(ObjectType::Damaged, id),
                                                    object_name(ObjectType::Damaged, id))) {
        found.push_back(std::move(pack));
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::NotFound) throw;
    }
  }
  const std::lock_guard lock(mutex_);
  known_ = unsaved_;
  add_locked(found);
}

void DamageLog::add_locked(const std::vector<DamagedPack>& packs) {
  for (const DamagedPack& pack : packs) add(known_, pack);
  count_locked();
}

void DamageLog::count_locked() {
  std::size_t count = 0;
  for (const auto& [pack, pieces] : known_) count += std::max<std::size_t>(1, pieces.size());
  size_.store(count, std::memory_order_relaxed);
}

void DamageLog::note(const ObjectId& pack, const ObjectId& piece) {
  if (contains(pack, piece)) return;
  const std::lock_guard lock(mutex_);
  add(unsaved_, {pack, {piece}});
  add_locked({{pack, {piece}}});
}

void DamageLog::note(const ObjectId& pack) {
  if (contains(pack)) return;
  const std::lock_guard lock(mutex_);
  add(unsaved_, {pack, {}});
  add_locked({{pack, {}}});
}

void DamageLog::note_nowhere(const ObjectId& piece) { note(kNowhere, piece); }

bool DamageLog::contains(const ObjectId& pack, const ObjectId& piece) const {
  if (empty()) return false;
  const std::shared_lock lock(mutex_);
  const auto found = known_.find(pack);
  return found != known_.end() && (found->second.empty() || found->second.contains(piece));
}

bool DamageLog::contains(const ObjectId& pack) const {
  if (empty()) return false;
  const std::shared_lock lock(mutex_);
  const auto found = known_.find(pack);
  return found != known_.end() && found->second.empty();
}

std::vector<ObjectId> DamageLog::marks() const {
  const std::shared_lock lock(mutex_);
  std::vector<ObjectId> marks;
  for (const auto& [pack, pieces] : known_) {
    if (pieces.empty()) marks.push_back(mark_of(pack, ObjectId{}));
    for (const ObjectId& piece : pieces) marks.push_back(mark_of(pack, piece));
  }
  std::ranges::sort(marks);
  return marks;
}

std::vector<DamagedPack> DamageLog::packs() const {
  const std::shared_lock lock(mutex_);
  return as_list(known_);
}

std::set<ObjectId> DamageLog::nowhere() const {
  const std::shared_lock lock(mutex_);
  const auto found = known_.find(kNowhere);
  return found == known_.end() ? Pieces() : found->second;
}

// What is nowhere has a record of its own, because that goes for other reasons.
void DamageLog::save() noexcept {
  const std::lock_guard lock(mutex_);
  if (unsaved_.empty()) return;
  try {
    Packs copies = unsaved_;
    const Packs nowhere = without_copies(copies);
    if (!copies.empty()) put(as_list(copies));
    for (const auto& [pack, pieces] : nowhere) {
      const std::vector<ObjectId> all(pieces.begin(), pieces.end());
      for (std::size_t i = 0; i < all.size(); i += kMostPiecesInRecord) {
        const auto part = std::span(all).subspan(i, std::min(kMostPiecesInRecord, all.size() - i));
        put({{pack, std::vector<ObjectId>(part.begin(), part.end())}});
      }
    }
    unsaved_.clear();
  } catch (const std::exception&) {
    try {
      Packs all = unsaved_;
      for (const DamagedPack& pack : read_local()) add(all, pack);
      write_local(all);
    } catch (const std::exception&) {
      // It will be found again by whoever reads it next.
    }
  }
}

void DamageLog::put(const std::vector<DamagedPack>& packs) {
  objects_.put(ObjectType::Damaged, random_id(),
               encode_damage_record(platform::system_clock().now(), packs));
}

std::vector<DamagedPack> DamageLog::read_local() const {
  if (directory_.empty()) return {};
  try {
    const platform::Fd file = platform::open_path(local_path(directory_), O_RDONLY);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size < kChecksumSize || size > kMostLocalBytes) return {};
    Bytes bytes(size);
    if (platform::pread_up_to(file.get(), bytes.data(), size, 0, directory_) != size) return {};
    const ByteView body = ByteView(bytes).first(size - kChecksumSize);
    if (!std::ranges::equal(checksum(body), ByteView(bytes).last(kChecksumSize))) return {};
    return decode_damage_record(body, "damaged");
  } catch (const std::exception&) {
    return {};  // a cache: gone or damaged is nothing
  }
}

void DamageLog::write_local(const Packs& packs) const {
  if (directory_.empty()) return;
  Bytes bytes = encode_damage_record({}, as_list(packs));
  const auto check = checksum(bytes);
  bytes.insert(bytes.end(), check.begin(), check.end());
  TemporaryFile file(directory_);
  platform::write_all(file.fd(), bytes, directory_);
  file.publish(local_path(directory_));
}

void DamageLog::clear(const ObjectId& pack) {
  const std::lock_guard lock(mutex_);
  unsaved_.erase(pack);
  if (known_.erase(pack) > 0) count_locked();
}

void DamageLog::forget(const PackList& present, const Disproven& disproven) {
  const std::set<ObjectId> in_order(disproven.whole.begin(), disproven.whole.end());
  const auto is_gone = [&](const DamagedPack& pack) {
    if (pack.pack == kNowhere) {
      return std::ranges::includes(disproven.nowhere,
                                   std::set(pack.pieces.begin(), pack.pieces.end()));
    }
    return !present.size(pack.pack) || in_order.contains(pack.pack);
  };
  bool removed = false;
  for (const ObjectId& id : objects_.list(ObjectType::Damaged)) {
    try {
      const auto packs = decode_damage_record(objects_.get(ObjectType::Damaged, id),
                                              object_name(ObjectType::Damaged, id));
      if (!std::ranges::all_of(packs, is_gone)) continue;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) continue;  // one that says nothing goes, too
    }
    objects_.remove(ObjectType::Damaged, id);
    removed = true;
  }
  if (!directory_.empty() && std::ranges::all_of(read_local(), is_gone)) {
    ::unlink(local_path(directory_).c_str());
  }
  if (!removed && empty()) return;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(unsaved_, [&](const auto& pack) {
      return pack.first != kNowhere && !present.size(pack.first);
    });
  }
  refresh();
}

}  // namespace snapferry::repository
