#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/store.h"
#include "core/volume.h"
#include "testing/fault_storage.h"

namespace snapferry::testing {

// Which stream breaks off, whatever operations come before it.
enum class FaultedStream : std::uint64_t { First = 1 };

// Fails the operation of a given number, once or from there on. One of these may be shared by a
// FaultSource and a FaultStore, so that it counts the calls of a whole run. Safe from several
// threads.
class FaultPlan {
 public:
  explicit FaultPlan(FaultedStream stream) : FaultPlan(0) {
    stream_at_ = static_cast<std::uint64_t>(stream);
  }
  explicit FaultPlan(std::uint64_t at, FaultRepeat repeat = FaultRepeat::Once,
                     FaultEffect effect = FaultEffect::None,
                     ErrorKind kind = ErrorKind::Unavailable)
      : at_(at), repeat_(repeat), effect_(effect), kind_(kind) {}

  // What ends are, their features and identity, counts as operations, too.
  void count_introductions() { introductions_ = true; }
  std::uint64_t operations() const { return operations_; }
  FaultEffect effect() const { return effect_; }
  // Counts an operation; true if it has to fail.
  bool next();
  // The same of a stream, which is an operation, too.
  bool next_stream();
  [[noreturn]] void fail(std::string_view what) const;

  template <class Call>
  auto around_introduction(std::string_view what, Call call) {
    return introductions_ ? around(what, call) : call();
  }
  // Runs `call` as one operation.
  template <class Call>
  auto around(std::string_view what, Call call) {
    const bool fails = next();
    if (fails && effect_ == FaultEffect::None) fail(what);
    if constexpr (std::is_void_v<decltype(call())>) {
      call();
      if (fails) fail(what);
    } else {
      auto result = call();
      if (fails) fail(what);
      return result;
    }
  }

 private:
  const std::uint64_t at_;
  const FaultRepeat repeat_;
  const FaultEffect effect_;
  const ErrorKind kind_;
  std::uint64_t stream_at_ = 0;
  bool introductions_ = false;
  std::atomic<std::uint64_t> operations_{0};
  std::atomic<std::uint64_t> streams_{0};
};

// A source whose calls fail as planned. A stream counts twice: send() itself, and, where that
// succeeds, the stream, which breaks off behind `cut` bytes.
class FaultSource : public Source {
 public:
  FaultSource(Source& inner, FaultPlan& plan, std::uint64_t cut = 100)
      : inner_(inner), plan_(plan), cut_(cut) {}

  StreamFeatures features() override {
    return plan_.around_introduction("source features", [&] { return inner_.features(); });
  }
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override;
  Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) override;
  std::unique_ptr<Stream> send(const StreamRequest& request) override;
  std::vector<VolumeDescription> describe(const std::vector<std::string>& volumes) override;
  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) override;

 private:
  Source& inner_;
  FaultPlan& plan_;
  const std::uint64_t cut_;
};

class FaultStore : public Store {
 public:
  FaultStore(Store& inner, FaultPlan& plan) : inner_(inner), plan_(plan) {}

  std::string name() const override { return inner_.name(); }
  std::string identity() override {
    return plan_.around_introduction("store identity", [&] { return inner_.identity(); });
  }
  StreamFeatures features() override {
    return plan_.around_introduction("store features", [&] { return inner_.features(); });
  }
  std::vector<ReplicaState> inventory(const std::string& host) override;
  void receive(const ReceiveRequest& request, Stream& stream) override;
  void describe(const std::vector<ReplicaDescription>& replicas) override;
  VolumeProperties description(const VolumeName& volume, const Point& snapshot) override;
  void abort_partial(const VolumeName& volume) override;
  bool give_up_partial(const VolumeName& volume) override;
  VolumeName set_aside(const VolumeName& volume) override;
  void move(const VolumeName& from, const VolumeName& to) override;
  void record_unchanged(const std::string& set, std::int64_t time,
                        const std::vector<VolumeName>& volumes) override;
  Expectations expectations(const std::string& host) override;
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override;
  std::unique_ptr<Stream> send(const VolumeName& volume, const StreamRequest& request) override;
  std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& snapshot) override;
  std::vector<VolumeFailure> destroy(const VolumeName& volume,
                                     const std::vector<Point>& snapshots) override;
  std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool read_data, Progress* progress,
                                    const Cancellation* cancellation) override;

 private:
  Store& inner_;
  FaultPlan& plan_;
};

}  // namespace snapferry::testing
