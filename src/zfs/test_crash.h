#pragma once

#include <memory>
#include <string>
#include <vector>

#include "platform/command.h"
#include "testing/crash.h"
#include "zfs/pool_calls.h"

namespace snapferry::zfs {

// Each process that runs to its end, and each call, is a step of the crash.

class CrashingCommands : public platform::Commands {
 public:
  CrashingCommands(platform::Commands& inner, testing::Crash& crash)
      : inner_(inner), crash_(crash) {}

  std::unique_ptr<platform::Child> start(const std::vector<std::string>& argv,
                                         const platform::StartOptions& options) override {
    return inner_.start(argv, options);
  }
  platform::Output run(const std::vector<std::string>& argv, std::string_view input,
                       std::size_t limit, const Cancellation* cancellation) override {
    return crash_.around([&] { return inner_.run(argv, input, limit, cancellation); });
  }

 private:
  platform::Commands& inner_;
  testing::Crash& crash_;
};

class CrashingPoolCalls : public PoolCalls {
 public:
  CrashingPoolCalls(PoolCalls& inner, testing::Crash& crash) : inner_(inner), crash_(crash) {}

  PoolOutcome change(PoolChange change, const std::vector<PoolItem>& items) override {
    return crash_.around([&] { return inner_.change(change, items); });
  }
  int create(const NewFilesystem& filesystem) override {
    return crash_.around([&] { return inner_.create(filesystem); });
  }

 private:
  PoolCalls& inner_;
  testing::Crash& crash_;
};

}  // namespace snapferry::zfs
