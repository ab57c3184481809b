#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/object_id.h"
#include "platform/fd.h"
#include "repository/tag_map.h"

namespace snapferry::repository {

struct ObjectCacheLimits {
  // Of the logs together. Memory is bounded with it: at most 22 bytes per object, and
  // no more objects than one per 512 bytes of this.
  std::uint64_t log_bytes = std::uint64_t{512} << 20;
};

// Objects that were read from the repository, decrypted, kept in a local directory so
// that the next run need not read them again. Losing any of it costs only time:
// nothing here throws, and whatever is wrong with the files (damaged, torn, gone, disk
// full, not writable) is a miss. All methods are safe to call from several threads, and
// any number of processes may use one directory at once.
//
// What is kept is written as two generations, each a pair of files, 0600:
//
//   log    := (record zero{0,7})*                   records begin at multiples of 8
//   record := length:u32 zero:u32 id[32] check:u64 bytes[length]
//                                                   check: XXH3 of the bytes, seeded by the id
//   index  := (tag:u32 position:u32)*               tag: first 32 bits of the id;
//                                                   position: low 31 bits offset / 8 + 1
//
// Processes share the files and append with O_APPEND, one write(2) per record, which
// Linux does not interleave; a file per process instead would leave hundreds a day
// where a backup runs every few minutes. Nothing is trusted because of that: a record
// is used only if its id and checksum are right, so a torn or interleaved one (a full
// disk, a crash, NFS) is a miss. That is also why the index has no checksum of its own.
//
// When the newest generation holds half of the limit, the next one begins and the one
// before is removed; what is still used there is copied forward when it is read.
class ObjectCache {
 public:
  // Creates the directory if it is missing and opens what it holds. An empty
  // `directory`, or one that cannot be used, makes a cache that holds nothing.
  explicit ObjectCache(std::string directory, ObjectCacheLimits limits = {});
  ObjectCache(const ObjectCache&) = delete;
  ObjectCache& operator=(const ObjectCache&) = delete;
  // Flushes.
  ~ObjectCache();

  // The bytes given to put, by this process now or by any before.
  std::optional<Bytes> get(const ObjectId& id);

  // Keeps `bytes`; does nothing if `id` is kept already.
  void put(const ObjectId& id, ByteView bytes);

  // Makes what was put known to processes that open the directory from now on. Happens
  // by itself every 1,024 objects.
  void flush();

 private:
  struct Generation {
    std::uint32_t number = 0;
    platform::Fd log;
    platform::Fd index;
  };

  void open_generations(std::uint32_t at_least);
  std::shared_ptr<Generation> open_generation(std::uint32_t number, bool create) const;
  void load_index(const Generation& generation);
  std::vector<std::uint32_t> numbers() const;
  std::optional<Bytes> read(const Generation& generation, std::uint32_t position,
                            const ObjectId& id) const;
  void append(const ObjectId& id, ByteView bytes);
  void flush_locked();
  std::string path(std::uint32_t number, const char* suffix) const;

  std::string directory_;
  ObjectCacheLimits limits_;

  std::mutex mutex_;  // protects what follows; files are read without it
  TagMap map_;
  std::shared_ptr<Generation> current_;   // shared with readers, who may outlive its turn
  std::shared_ptr<Generation> previous_;  // null if there is none
  std::uint64_t log_size_ = 0;            // of the current generation, as last seen
  std::uint64_t objects_ = 0;             // in the current generation
  std::vector<std::uint32_t> pending_;    // tag, position: for the index file
  bool writable_ = false;
};

}  // namespace snapferry::repository
