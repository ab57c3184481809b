#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/store.h"
#include "core/stream.h"

namespace snapferry::agent {

// The answer to store.verify: what a verification, in a thread of its own, has read so far and, at
// its end, found. Destroying it early cancels the verification and waits for it.
class VerifyStream : public Stream {
 public:
  using Verify = std::function<std::vector<ReplicaDamage>(Progress&, const Cancellation&)>;

  // A report comes every `interval`, whatever was read.
  explicit VerifyStream(Verify verify,
                        std::chrono::milliseconds interval = std::chrono::seconds(1));
  ~VerifyStream() override;
  VerifyStream(const VerifyStream&) = delete;
  VerifyStream& operator=(const VerifyStream&) = delete;

  // Throws as the verification did.
  std::size_t read(std::span<std::uint8_t> buffer) override;
  void finish() override {}

 private:
  void work(const Verify& verify);
  void make_reports();

  const std::chrono::milliseconds interval_;
  Progress progress_;
  Cancellation cancellation_;
  std::uint64_t reported_ = 0;
  Bytes ready_;  // reports that wait to be read
  std::size_t position_ = 0;
  bool ended_ = false;  // the last report was made

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  bool done_ = false;
  std::vector<ReplicaDamage> damages_;
  std::exception_ptr failure_;

  std::thread thread_;  // last, because it uses the others
};

}  // namespace snapferry::agent
