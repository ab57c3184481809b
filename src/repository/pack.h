#pragma once

#include <cstdint>
#include <vector>

#include "blob/storage.h"
#include "core/object_store.h"
#include "repository/compression.h"
#include "repository/crypto.h"

namespace snapferry::repository {

// What a pack holds; data and directories never share one.
enum class PackContent : std::uint8_t { Data = 1, Trees = 2 };

constexpr PackContent content_of(ObjectKind kind) {
  return kind == ObjectKind::Data ? PackContent::Data : PackContent::Trees;
}

// A pack is closed once it has this many bytes.
inline constexpr std::size_t kPackTarget = 16u << 20;

// One piece of content in a pack. Its offset follows from the lengths before it.
struct PieceRecord {
  ObjectId id;
  ObjectKind kind = ObjectKind::Data;
  std::uint32_t offset = 0;
  std::uint32_t stored_length = 0;
  std::uint32_t plain_length = 0;
};

// Whether the lengths of a record are possible, so that a reader may allocate them.
inline bool is_bounded(const PieceRecord& piece) {
  return piece.plain_length <= kMaxObjectSize && piece.stored_length > kTagSize &&
         piece.stored_length <= kMaxObjectSize + 1 + kTagSize;
}

struct PackRecords {
  ObjectId pack;
  std::uint32_t size = 0;  // of the whole pack in bytes
  std::vector<PieceRecord> pieces;
};

// Builds one pack in memory. Not safe from several threads at once.
class PackBuilder {
 public:
  // `buffer` gives its capacity to the pack and comes back from finish().
  PackBuilder(PackContent content, const Key& master, Sealing sealing, Bytes buffer = {});

  void add(ObjectKind kind, const ObjectId& id, const Compressed& compressed,
           std::size_t plain_length);
  // The same for what was opened from another pack: codec and payload together.
  void add_coded(ObjectKind kind, const ObjectId& id, ByteView coded, std::size_t plain_length);

  bool full() const { return bytes_.size() >= kPackTarget || records_.pieces.size() >= 1u << 16; }
  bool empty() const { return records_.pieces.empty(); }

  // Closes the pack: `bytes` are what to store under records.pack.
  struct Finished {
    Bytes bytes;
    PackRecords records;
  };
  Finished finish();

 private:
  void add_parts(ObjectKind kind, const ObjectId& id, ByteView first, ByteView second,
                 std::size_t plain_length);

  PackRecords records_;
  Sealer sealer_;
  Bytes bytes_;
};

// Opens pieces of packs. One for each thread.
class PieceOpener {
 public:
  PieceOpener(const Key& master, Sealing sealing) : master_(master), sealing_(sealing) {}

  // Codec and payload of a piece. False if it is not authentic.
  [[nodiscard]] bool open(const ObjectId& pack, const PieceRecord& piece, ByteView stored,
                          Bytes& coded);
  // The table of contents of a pack, whose last bytes `tail` holds and whose whole
  // size is `size`. Throws Corrupt; if `tail` is too short, says how much is needed in
  // `needed` and returns false.
  [[nodiscard]] bool open_toc(const ObjectId& pack, ByteView tail, std::uint64_t size,
                              PackRecords& records, std::size_t& needed);

 private:
  Sealer& sealer(const ObjectId& pack);

  const Key master_;
  const Sealing sealing_;
  ObjectId current_;
  std::vector<Sealer> current_sealer_;  // none or one
};

inline constexpr std::size_t kPackHeaderSize = 8;

// Whether `pack` begins as packs do.
bool is_pack_header(ByteView pack);

// Reads the table of contents of a stored pack. Throws NotFound, Corrupt.
PackRecords read_toc(blob::Storage& storage, PieceOpener& opener, const ObjectId& pack);

}  // namespace snapferry::repository
