#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "platform/clock.h"
#include "platform/command.h"
#include "testing/replication_place.h"
#include "zfs/zfs_source.h"
#include "zfs/zfs_store.h"
#include "zfs/zfs_target.h"

namespace snapferry::testing {

// A source dataset on the pool `source` and a store on the pool `backup`, both made anew and
// destroyed afterwards.
class ZfsPlace : public ReplicationPlace {
 public:
  // nullptr without OpenZFS or these pools.
  static std::unique_ptr<ReplicationPlace> make_one();

  ZfsPlace();
  ~ZfsPlace() override;

  std::unique_ptr<Source> source() override;
  std::unique_ptr<Store> store() override;
  std::unique_ptr<VolumeTarget> target() override;
  std::string volume(std::string_view name) override;
  std::string pattern() override;
  void make(const std::string& name) override;
  void write(const std::string& name, const std::string& file, const std::string& content) override;
  void snapshot(const std::string& name, const std::string& snapshot) override;
  void remove_snapshot(const std::string& name, const std::string& snapshot) override;
  void rename(const std::string& from, const std::string& to) override;
  void destroy(const std::string& name) override;
  bool exclude(const std::string& name) override;
  bool hold(const std::string& name, const std::string& snapshot, const std::string& tag) override;
  bool let_weeks_pass() override;
  PlaceFiles replica_files(const VolumeName& replica, const std::string& snapshot) override;

  std::string dataset(std::string_view name) const { return source_ + "/" + std::string(name); }
  const std::string& store_dataset() const { return store_; }
  std::string replica_dataset(const VolumeName& replica) const;

 private:
  // The machine's, so much later.
  class LaterClock : public platform::Clock {
   public:
    Timestamp now() override {
      auto time = platform::system_clock().now();
      time.seconds += later_;
      return time;
    }
    void go_on(std::int64_t seconds) { later_ += seconds; }

   private:
    std::int64_t later_ = 0;
  };

  std::string source_;
  std::string store_;
  LaterClock clock_;
};

// A test on a place of its own; skipped where none can be made.
class ZfsPlaceTest : public ::testing::Test {
 protected:
  void SetUp() override;
  static std::string property(const std::string& dataset, const std::string& name);

  std::unique_ptr<ZfsPlace> place_;
};

// Runs it; throws with what it said unless it ends well. Returns what it printed.
std::string command(const std::vector<std::string>& argv);

}  // namespace snapferry::testing
