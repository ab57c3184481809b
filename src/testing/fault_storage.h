#pragma once

#include <atomic>
#include <functional>

#include "core/error.h"
#include "testing/observed_storage.h"

namespace snapferry::testing {

enum class FaultRepeat { Once, FromThereOn };
enum class FaultEffect {
  None,   // the failed call changed nothing
  Taken,  // it took effect, and only the answer was lost
};

struct Fault {
  std::uint64_t at = 0;  // the number of the operation that fails, from 1 on; 0: none
  FaultRepeat repeat = FaultRepeat::Once;
  FaultEffect effect = FaultEffect::None;
  ErrorKind kind = ErrorKind::Unavailable;
  // Which calls are operations that count; empty: all.
  std::function<bool(Verb verb, std::string_view name)> counts = {};
};

// Fails as told, with the message "injected fault at operation N (VERB NAME)". For the
// loop over all operations: run with at = 1, 2, … until operations() is less than `at`.
// Safe from several threads.
class FaultStorage : public ObservedStorage {
 public:
  FaultStorage(blob::Storage& inner, Fault fault)
      : ObservedStorage(inner), fault_(std::move(fault)) {}

  // How many calls counted, the failed ones with them.
  std::uint64_t operations() const { return operations_; }
  // How many failed.
  std::uint64_t failures() const { return failures_; }

 protected:
  Ticket before(Verb verb, std::string_view name) override;
  void after(Ticket ticket, Verb verb, std::string_view name, std::uint64_t bytes) override;

 private:
  [[noreturn]] void fail(std::uint64_t number, Verb verb, std::string_view name);

  const Fault fault_;
  std::atomic<std::uint64_t> operations_{0};
  std::atomic<std::uint64_t> failures_{0};
};

}  // namespace snapferry::testing
