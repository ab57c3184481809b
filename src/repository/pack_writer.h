#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "blob/storage.h"
#include "repository/object_index.h"
#include "repository/pack.h"

namespace snapferry::repository {

// Stores finished packs on a thread of its own, so that those who compress never wait
// for the disk, and writes an index object for them from time to time: after every
// 65,536 pieces or 512 MiB. Safe from several threads.
//
// Memory: three packs, counting those that are still being filled, and the records of
// what is not in the index yet. Each pack is built in a buffer from take_buffer(), which
// comes back with write().
//
// An error in the background is thrown by the next call.
class PackWriter {
 public:
  // Called on the background thread when the pieces are in the index.
  using Indexed = std::function<void(const std::vector<PackRecords>&)>;

  // Called on the background thread when packs are durable, before the index is told of them;
  // what it throws keeps them out of the index.
  using BeforeIndex = std::function<void(const std::vector<PackRecords>&)>;

  PackWriter(blob::Storage& storage, SealedObjects& objects, ObjectIndex& index,
             BeforeIndex before_index, Indexed indexed);
  // Abandons what was not written.
  ~PackWriter();

  // A buffer to fill a pack in; waits while all are on their way.
  Bytes take_buffer();

  // Takes the pack, with its buffer.
  void write(PackBuilder::Finished pack);

  // Returns when all packs given so far are stored, indexed and durable.
  void flush();

  // After an error was thrown: removes the packs that no index object names, to give back their
  // room. Does nothing before.
  void remove_unindexed();

  // Bytes of packs and index objects stored so far.
  std::uint64_t bytes_stored() const;

 private:
  void run();
  void store(PackBuilder::Finished& pack);
  void write_index();
  void rethrow_locked();

  blob::Storage& storage_;
  SealedObjects& objects_;
  ObjectIndex& index_;
  BeforeIndex before_index_;
  Indexed indexed_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PackBuilder::Finished> queue_;
  std::vector<Bytes> buffers_;    // to be filled
  std::size_t buffers_made_ = 0;  // those and all others
  std::uint64_t bytes_stored_ = 0;
  bool flush_requested_ = false;
  bool stop_ = false;
  std::exception_ptr error_;

  // Of the background thread alone, and of whoever caught its error.
  std::vector<PackRecords> unindexed_;
  std::size_t unindexed_pieces_ = 0;
  std::uint64_t unindexed_bytes_ = 0;

  std::thread thread_;
};

}  // namespace snapferry::repository
