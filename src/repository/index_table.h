#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/bytes.h"
#include "core/object_id.h"
#include "core/object_store.h"
#include "platform/fd.h"
#include "repository/temporary_file.h"

namespace snapferry::repository {

// Where an object is.
struct Location {
  ObjectId pack;
  std::uint32_t offset = 0;         // of the first stored byte in the pack
  std::uint32_t stored_length = 0;  // in the pack, with the authentication tag
  std::uint32_t plain_length = 0;   // before compression and encryption

  bool operator==(const Location&) const = default;
};

// A pack that a table names, as long as whoever wrote it said. Two sizes of one pack are two packs:
// at most one of them is what is stored.
struct NamedPack {
  ObjectId id;
  std::uint32_t size = 0;

  auto operator<=>(const NamedPack&) const = default;
};

struct NamedPackHash {
  std::size_t operator()(const NamedPack& pack) const {
    return static_cast<std::size_t>(pack.id.prefix() ^ pack.size);
  }
};

struct IndexRecord {
  ObjectId id;
  ObjectKind kind{};
  std::uint32_t pack = 0;  // position in the table's list of packs
  std::uint32_t offset = 0;
  std::uint32_t stored_length = 0;
  std::uint32_t plain_length = 0;

  // The order of a table: by id, then kind, then copies by place.
  auto operator<=>(const IndexRecord&) const = default;
};

// An immutable, sorted file that says where each object is. It is a local cache, made
// from what the packs and indexes of the repository say, and can be made again: damage
// throws Corrupt and the caller makes it again. Format in index_table_format.h.
//
// Memory is constant (at most 512 KiB) but for 36 bytes per pack and the note. All
// methods are safe to call from several threads at once; lookups do not allocate.
// Besides Corrupt they throw as system_error.
class IndexTable {
 public:
  // Throws NotFound if there is no such file, Corrupt if it is not a table. Does not
  // read the records: damage there is found when they are read.
  static std::shared_ptr<const IndexTable> open(const std::string& path);
  // The same for a descriptor; `subject` names it in errors.
  static std::shared_ptr<const IndexTable> open(platform::Fd fd, const std::string& subject);

  // A table of all records of `tables` but those in packs for which `drop_pack`, if not
  // null, is true. Copies of one object in several packs are all kept; a record that is
  // in several tables is there once. Written like IndexTableBuilder::finish; with an
  // empty `path` the file is unnamed and in `directory`.
  static std::shared_ptr<const IndexTable> merge(
      const std::vector<std::shared_ptr<const IndexTable>>& tables,
      const std::function<bool(const NamedPack& pack)>& drop_pack, const std::string& path,
      ByteView note, const std::string& directory = "/tmp");

  // What the table was made from, as given to IndexTableBuilder::finish.
  ByteView note() const { return note_; }
  std::uint64_t size() const { return size_; }

  // Any one of the copies.
  std::optional<IndexRecord> find(ObjectKind kind, const ObjectId& id) const;
  // All of them.
  std::vector<IndexRecord> copies(ObjectKind kind, const ObjectId& id) const;
  Location location(const IndexRecord& record) const {
    return {packs_[record.pack].id, record.offset, record.stored_length, record.plain_length};
  }
  // The position of the first copy.
  std::optional<std::uint64_t> ordinal(ObjectKind kind, const ObjectId& id) const;
  // `ordinal` must be less than size().
  IndexRecord at(std::uint64_t ordinal) const;

  // `ordinal` must be less than pack_count().
  const ObjectId& pack(std::uint32_t ordinal) const { return packs_[ordinal].id; }
  const NamedPack& named_pack(std::uint32_t ordinal) const { return packs_[ordinal]; }
  std::size_t pack_count() const { return packs_.size(); }

  // Throws Corrupt if a record cannot be read.
  void check() const {
    for_each([](std::uint64_t, const IndexRecord&) {});
  }

  // All records in order, read ahead in large pieces.
  void for_each(
      const std::function<void(std::uint64_t ordinal, const IndexRecord& record)>& visit) const;

  // Reads the records in order; for_each is this in a loop.
  class Cursor {
   public:
    explicit Cursor(const IndexTable& table);  // borrows
    bool next(IndexRecord& record);

   private:
    const IndexTable& table_;
    std::uint64_t position_ = 0;
    Bytes buffer_;
  };

 private:
  struct Block;

  IndexTable() = default;
  void load();
  void load_tail(ByteView tail, std::size_t fanout_size, std::size_t pack_count);
  void read_blocks(std::uint64_t first, std::uint8_t* buffer, std::size_t count) const;
  bool search(ObjectKind kind, const ObjectId& id, bool first_copy, Block& block,
              std::uint64_t& found) const;
  IndexRecord checked(const std::uint8_t* bytes) const;
  [[noreturn]] void fail(std::string_view cause) const;

  platform::Fd fd_;
  std::string subject_;
  Bytes note_;
  std::vector<NamedPack> packs_;
  // fanout_[b] is the number of records whose id begins with less than b, looking at
  // the first fanout_bits_ bits.
  std::vector<std::uint64_t> fanout_;
  unsigned fanout_bits_ = 0;
  std::uint64_t size_ = 0;
};

// Collects records in any order and writes them as a table. Memory is bounded: sorted
// runs are spilled to an unnamed file and merged. Not for several threads. Destroying
// it without finish leaves nothing behind. Throws as system_error.
class IndexTableBuilder {
 public:
  static constexpr std::size_t kDefaultRunRecords = 300'000;  // 16 MB

  // `directory` is for temporary files; `run_records` are held in memory.
  explicit IndexTableBuilder(std::string directory, std::size_t run_records = kDefaultRunRecords);
  ~IndexTableBuilder();

  // The position of `pack` in the list, which gets it if it is not there.
  std::uint32_t add_pack(const NamedPack& pack);

  // `record.pack` is what add_pack returned. The same record may be added again.
  void add(const IndexRecord& record);

  // Writes the table and opens it. It appears as `path`, in place of what is there, in
  // one step, and is not synced: a crash may leave it torn, which its readers notice. An
  // empty `path` makes an unnamed file. At most once.
  std::shared_ptr<const IndexTable> finish(const std::string& path, ByteView note);

 private:
  struct Run {
    std::uint64_t offset;  // bytes
    std::uint64_t count;   // records
  };

  void spill();

  std::string directory_;
  std::size_t run_records_;
  std::vector<NamedPack> packs_;
  std::unordered_map<NamedPack, std::uint32_t, NamedPackHash> pack_ordinals_;
  std::vector<IndexRecord> records_;
  std::unique_ptr<TemporaryFile> spilled_;
  std::vector<Run> runs_;
};

}  // namespace snapferry::repository
