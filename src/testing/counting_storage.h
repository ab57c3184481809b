#pragma once

#include <array>
#include <atomic>

#include "testing/observed_storage.h"

namespace snapferry::testing {

// Counts the calls that succeeded, and their bytes, by verb. Safe from several threads.
class CountingStorage : public ObservedStorage {
 public:
  using ObservedStorage::ObservedStorage;

  std::uint64_t calls(Verb verb) const { return at(verb).calls; }
  std::uint64_t bytes(Verb verb) const { return at(verb).bytes; }
  // Of all verbs.
  std::uint64_t calls() const;
  std::uint64_t bytes() const;
  void reset();

 protected:
  void after(Ticket ticket, Verb verb, std::string_view name, std::uint64_t bytes) override;

 private:
  struct Counters {
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> bytes{0};
  };
  const Counters& at(Verb verb) const { return counters_[static_cast<std::size_t>(verb)]; }

  std::array<Counters, kVerbs> counters_;
};

}  // namespace snapferry::testing
