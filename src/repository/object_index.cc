#include "repository/object_index.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <system_error>
#include <unordered_set>

#include <unistd.h>

#include "core/error.h"

namespace snapferry::repository {
namespace {

constexpr std::string_view kSuffix = ".table";
constexpr std::size_t kMostParts = 8;

std::vector<ObjectId> decode_note(ByteView note) {
  std::vector<ObjectId> ids;
  for (std::size_t i = 0; i + ObjectId::kSize <= note.size(); i += ObjectId::kSize) {
    ids.push_back(ObjectId::from_bytes(note.subspan(i, ObjectId::kSize)));
  }
  return ids;
}

Bytes encode_note(const std::vector<ObjectId>& ids) {
  Bytes note;
  for (const ObjectId& id : ids) note.insert(note.end(), id.bytes.begin(), id.bytes.end());
  return note;
}

void add_records(IndexTableBuilder& builder, const PackRecords& pack) {
  const std::uint32_t ordinal = builder.add_pack({pack.pack, pack.size});
  for (const PieceRecord& piece : pack.pieces) {
    builder.add(
        {piece.id, piece.kind, ordinal, piece.offset, piece.stored_length, piece.plain_length});
  }
}

void remove_quietly(const std::string& path) {
  if (!path.empty()) ::unlink(path.c_str());
}

}  // namespace

ObjectIndex::ObjectIndex(blob::Storage& storage, SealedObjects& objects, const Key& master,
                         Sealing sealing, std::string directory)
    : storage_(storage),
      objects_(objects),
      master_(master),
      sealing_(sealing),
      directory_(std::move(directory)),
      damage_(objects, directory_) {}

ObjectIndex::~ObjectIndex() = default;

std::string ObjectIndex::temporary_directory() const {
  if (!directory_.empty()) return directory_;
  std::error_code ignored;
  const auto path = std::filesystem::temp_directory_path(ignored);
  return ignored ? "/tmp" : path.string();
}

std::string ObjectIndex::new_path() const {
  if (directory_.empty()) return {};
  return directory_ + "/" + random_id().hex().substr(0, 24) + std::string(kSuffix);
}

// Calls `look_locked` with what is loaded, after loading it if nothing was or if a local table
// turns out damaged.
template <typename Look>
auto ObjectIndex::look(const Look& look_locked) {
  {
    std::shared_lock lock(mutex_);
    if (loaded_) {
      try {
        return look_locked();
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Corrupt) throw;
      }
    }
  }
  std::unique_lock lock(mutex_);
  if (loaded_) drop_tables_locked();
  return with_whole_tables_locked([&] {
    load_locked();
    return look_locked();
  });
}

// Calls `work`, and again with tables made anew if a local one turns out damaged: a cache stops
// nothing. `work` loads what it needs.
template <typename Work>
auto ObjectIndex::with_whole_tables_locked(const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
  }
  drop_tables_locked();
  return work();
}

// Also those that were not opened, as one of them may be the damaged one.
void ObjectIndex::drop_tables_locked() {
  std::error_code ignored;
  if (!directory_.empty()) {
    for (const auto& file : std::filesystem::directory_iterator(directory_, ignored)) {
      if (file.path().string().ends_with(kSuffix)) remove_quietly(file.path().string());
    }
  }
  parts_.clear();
  loaded_ = false;
}

bool ObjectIndex::has(ObjectKind kind, const ObjectId& id, const IdSet& without) {
  return look([&] { return has_locked(kind, id, without); });
}

std::vector<Location> ObjectIndex::copies(ObjectKind kind, const ObjectId& id) {
  return look([&] { return copies_locked(kind, id); });
}

bool ObjectIndex::is_good(const Part& part, const IndexRecord& record, const IdSet& without) const {
  const ObjectId& pack = part.table->pack(record.pack);
  return part.counts[record.pack] && !without.contains(pack) && !damage_.contains(pack, record.id);
}

// Most content is there once: all copies are looked at only where the first found does not count.
bool ObjectIndex::has_locked(ObjectKind kind, const ObjectId& id, const IdSet& without) const {
  for (const auto* parts : {&parts_, &uncovered_}) {
    for (const Part& part : *parts) {
      const auto found = part.table->find(kind, id);
      if (!found) continue;
      if (is_good(part, *found, without)) return true;
      for (const IndexRecord& copy : part.table->copies(kind, id)) {
        if (is_good(part, copy, without)) return true;
      }
    }
  }
  return false;
}

std::vector<Location> ObjectIndex::copies_locked(ObjectKind kind, const ObjectId& id) const {
  std::vector<Location> good;
  std::vector<Location> doubtful;
  for (const auto* parts : {&parts_, &uncovered_}) {
    for (const Part& part : *parts) {
      for (const IndexRecord& copy : part.table->copies(kind, id)) {
        if (is_good(part, copy, {})) {
          good.push_back(part.table->location(copy));
        } else if (packs_.size(part.table->pack(copy.pack))) {
          doubtful.push_back(part.table->location(copy));
        }
      }
    }
  }
  good.insert(good.end(), doubtful.begin(), doubtful.end());
  return good;
}

void ObjectIndex::weigh(Part& part) const {
  part.counts.resize(part.table->pack_count());
  for (std::size_t i = 0; i < part.counts.size(); ++i) {
    part.counts[i] = packs_.is_whole(part.table->named_pack(static_cast<std::uint32_t>(i)));
  }
}

// After the index objects were read: what one of them names was stored before it.
void ObjectIndex::list_packs_locked() {
  packs_ = PackList(storage_.list(directory_of(ObjectType::Pack)));
  for (Part& part : parts_) weigh(part);
}

void ObjectIndex::load_locked() {
  if (!loaded_) refresh_locked();
}

void ObjectIndex::refresh() {
  std::unique_lock lock(mutex_);
  refresh_locked();
}

std::vector<ObjectIndex::Part> ObjectIndex::open_cached(const IdSet& wanted) const {
  std::vector<Part> parts;
  if (directory_.empty()) return parts;
  std::error_code ignored;
  for (const auto& file : std::filesystem::directory_iterator(directory_, ignored)) {
    const std::string path = file.path().string();
    if (!path.ends_with(kSuffix)) continue;
    try {
      Part part{IndexTable::open(path), path, {}};
      const auto ids = decode_note(part.table->note());
      if (std::ranges::all_of(ids, [&](const ObjectId& id) { return wanted.contains(id); })) {
        parts.push_back(std::move(part));
        continue;
      }
    } catch (const Error&) {
      // Damaged or gone: made again below.
    }
    remove_quietly(path);
  }
  std::ranges::sort(parts, std::greater(), [](const Part& part) { return part.table->size(); });
  return parts;
}

// After a failure nothing is known, and the next use asks again.
void ObjectIndex::refresh_locked() {
  try {
    with_whole_tables_locked([&] { read_locked(); });
  } catch (...) {
    parts_.clear();
    loaded_ = false;
    throw;
  }
}

void ObjectIndex::read_locked() {
  damaged_.clear();
  damages_.clear();
  uncovered_.clear();
  const std::vector<ObjectId> names = list_whole_locked();
  const IdSet wanted(names.begin(), names.end());

  std::vector<Part> candidates = std::move(parts_);
  parts_.clear();
  std::erase_if(candidates, [&](const Part& part) {
    const auto ids = decode_note(part.table->note());
    return !std::ranges::all_of(ids, [&](const ObjectId& id) { return wanted.contains(id); });
  });
  if (!loaded_) candidates = open_cached(wanted);

  IdSet covered;
  for (Part& part : candidates) {
    const auto ids = decode_note(part.table->note());
    if (std::ranges::all_of(ids, [&](const ObjectId& id) { return covered.contains(id); })) {
      remove_quietly(part.path);  // made twice by processes that ran at the same time
      continue;
    }
    covered.insert(ids.begin(), ids.end());
    parts_.push_back(std::move(part));
  }
  std::vector<ObjectId> missing;
  std::ranges::copy_if(names, std::back_inserter(missing),
                       [&](const ObjectId& id) { return !covered.contains(id); });
  loaded_ = true;
  if (!missing.empty()) read_missing(missing);
  merge_small_locked();
  list_packs_locked();
  damage_.refresh();
  if (!damaged_.empty()) load_uncovered_locked();
  ++generation_;
}

// A table that was made from one that is torn by now would hide it from those that remove it.
std::vector<ObjectId> ObjectIndex::list_whole_locked() {
  std::vector<ObjectId> names;
  for (const blob::ObjectInfo& info : objects_.infos(ObjectType::Index)) {
    const ObjectId id = *id_of_name(ObjectType::Index, info.name);
    if (is_torn(info)) {
      damaged_.push_back(id);
      damages_.push_back({info.name, info.name + ": was cut short, and holds nothing"});
    } else {
      names.push_back(id);
    }
  }
  return names;
}

void ObjectIndex::read_missing(const std::vector<ObjectId>& missing) {
  IndexTableBuilder builder(temporary_directory());
  std::vector<ObjectId> note;
  for (const ObjectId& id : missing) {
    const std::string name = object_name(ObjectType::Index, id);
    try {
      for (const PackRecords& pack : decode_index(objects_.get(ObjectType::Index, id), name)) {
        add_records(builder, pack);
      }
      note.push_back(id);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) continue;  // replaced by a prune meanwhile
      if (error.kind() != ErrorKind::Corrupt) throw;
      damaged_.push_back(id);
      damages_.push_back({name, error.message()});
    }
  }
  if (note.empty()) return;
  const std::string path = new_path();
  parts_.push_back({builder.finish(path, encode_note(note)), path, {}});
}

void ObjectIndex::append_locked(const std::vector<PackRecords>& packs,
                                const std::vector<ObjectId>& note) {
  IndexTableBuilder builder(temporary_directory());
  for (const PackRecords& pack : packs) add_records(builder, pack);
  const std::string path = new_path();
  parts_.push_back({builder.finish(path, encode_note(note)), path, {}});
}

void ObjectIndex::add(const std::vector<PackRecords>& packs, const ObjectId& index_object) {
  std::unique_lock lock(mutex_);
  load_locked();
  try {
    append_locked(packs, {index_object});
    merge_small_locked();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    drop_tables_locked();
    return refresh_locked();  // which finds what was just written
  }
  std::vector<NamedPack> stored;
  for (const PackRecords& pack : packs) stored.push_back({pack.pack, pack.size});
  packs_.add(stored);
  for (Part& part : parts_) weigh(part);
}

// Like a log-structured merge tree: a part is merged with its smaller neighbour unless
// it is more than three times as large, so each record is rewritten few times and a
// lookup asks few tables.
void ObjectIndex::merge_small_locked() {
  std::ranges::sort(parts_, std::greater(), [](const Part& part) { return part.table->size(); });
  while (parts_.size() > 1) {
    const Part& large = parts_[parts_.size() - 2];
    const Part& small = parts_.back();
    if (parts_.size() <= kMostParts && large.table->size() > 3 * small.table->size()) break;
    auto ids = decode_note(large.table->note());
    const auto more = decode_note(small.table->note());
    ids.insert(ids.end(), more.begin(), more.end());
    const std::string path = new_path();
    Part merged{IndexTable::merge({large.table, small.table}, nullptr, path, encode_note(ids),
                                  temporary_directory()),
                path,
                {}};
    remove_quietly(large.path);
    remove_quietly(small.path);
    parts_.pop_back();
    parts_.back() = std::move(merged);
  }
}

IdSet ObjectIndex::covered_packs() const {
  IdSet packs;
  for (const Part& part : parts_) {
    for (std::size_t i = 0; i < part.table->pack_count(); ++i) {
      packs.insert(part.table->pack(static_cast<std::uint32_t>(i)));
    }
  }
  return packs;
}

std::vector<blob::ObjectInfo> ObjectIndex::uncovered_packs() {
  std::unique_lock lock(mutex_);
  load_locked();
  const IdSet covered = covered_packs();
  std::vector<blob::ObjectInfo> packs = storage_.list(directory_of(ObjectType::Pack));
  std::erase_if(packs, [&](const blob::ObjectInfo& info) {
    const auto id = id_of_name(ObjectType::Pack, info.name);
    return !id || !info.is_file || covered.contains(*id);
  });
  return packs;
}

void ObjectIndex::load_uncovered() {
  std::unique_lock lock(mutex_);
  load_locked();
  load_uncovered_locked();
}

void ObjectIndex::load_uncovered_locked() {
  uncovered_.clear();
  list_packs_locked();
  std::unordered_set<NamedPack, NamedPackHash> covered;
  for (const Part& part : parts_) {
    for (std::size_t i = 0; i < part.counts.size(); ++i) {
      covered.insert(part.table->named_pack(static_cast<std::uint32_t>(i)));
    }
  }
  IndexTableBuilder builder(temporary_directory());
  PieceOpener opener(master_, sealing_);
  bool any = false;
  packs_.for_each([&](const ObjectId& id, std::uint64_t size) {
    if (covered.contains({id, static_cast<std::uint32_t>(size)})) return;
    try {
      add_records(builder, read_toc(storage_, opener, id));
      any = true;
    } catch (const Error& error) {
      // Being written, left torn by a crash, or damaged: what is missing for it is named
      // by whoever looks for it.
      if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::NotFound) throw;
    }
  });
  if (!any) return;
  uncovered_.push_back({builder.finish("", {}), "", {}});
  weigh(uncovered_.back());
}

std::vector<Damage> ObjectIndex::damages() const {
  std::shared_lock lock(mutex_);
  return damages_;
}

std::vector<ObjectId> ObjectIndex::damaged_objects() const {
  std::shared_lock lock(mutex_);
  return damaged_;
}

std::shared_ptr<const IndexTable> ObjectIndex::merged() {
  std::unique_lock lock(mutex_);
  return merged_whole_locked(false);
}

std::shared_ptr<const IndexTable> ObjectIndex::merged_with_lost() {
  std::unique_lock lock(mutex_);
  return merged_whole_locked(true);
}

// Whoever gets the table takes damage in it for damage of the repository.
std::shared_ptr<const IndexTable> ObjectIndex::merged_whole_locked(bool with_lost) {
  const bool with_uncovered = !uncovered_.empty();
  return with_whole_tables_locked([&] {
    load_locked();
    if (with_uncovered && uncovered_.empty()) load_uncovered_locked();
    auto table = merged_locked(with_lost);
    table->check();
    return table;
  });
}

std::shared_ptr<const IndexTable> ObjectIndex::merged_locked(bool with_lost) {
  std::vector<std::shared_ptr<const IndexTable>> tables;
  bool all_count = true;
  for (const auto* parts : {&parts_, &uncovered_}) {
    for (const Part& part : *parts) {
      tables.push_back(part.table);
      all_count = all_count && std::ranges::find(part.counts, false) == part.counts.end();
    }
  }
  if (with_lost || all_count) {
    if (tables.size() == 1) return tables.front();
    return IndexTable::merge(tables, nullptr, "", {}, temporary_directory());
  }
  return IndexTable::merge(
      tables, [this](const NamedPack& pack) { return !packs_.is_whole(pack); }, "", {},
      temporary_directory());
}

std::vector<LostPack> ObjectIndex::lost_packs() {
  std::unique_lock lock(mutex_);
  load_locked();
  std::set<NamedPack> lost;
  for (const Part& part : parts_) {
    for (std::size_t i = 0; i < part.counts.size(); ++i) {
      if (!part.counts[i]) lost.insert(part.table->named_pack(static_cast<std::uint32_t>(i)));
    }
  }
  std::vector<LostPack> result;
  for (const NamedPack& pack : lost) result.push_back({pack, packs_.size(pack.id)});
  return result;
}

PackList ObjectIndex::packs() {
  std::unique_lock lock(mutex_);
  load_locked();
  return packs_;
}

KnownState ObjectIndex::state() {
  KnownState state;
  for (const LostPack& lost : lost_packs()) state.losses.push_back(lost.named.id);
  const std::vector<ObjectId> marks = damage_.marks();
  state.losses.insert(state.losses.end(), marks.begin(), marks.end());
  std::ranges::sort(state.losses);
  std::shared_lock lock(mutex_);
  for (const Part& part : parts_) {
    const auto ids = decode_note(part.table->note());
    state.index_objects.insert(state.index_objects.end(), ids.begin(), ids.end());
  }
  std::ranges::sort(state.index_objects);
  return state;
}

}  // namespace snapferry::repository
