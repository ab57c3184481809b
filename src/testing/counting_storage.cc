#include "testing/counting_storage.h"

namespace snapferry::testing {

std::uint64_t CountingStorage::calls() const {
  std::uint64_t sum = 0;
  for (const Counters& counters : counters_) sum += counters.calls;
  return sum;
}

std::uint64_t CountingStorage::bytes() const {
  std::uint64_t sum = 0;
  for (const Counters& counters : counters_) sum += counters.bytes;
  return sum;
}

void CountingStorage::reset() {
  for (Counters& counters : counters_) {
    counters.calls = 0;
    counters.bytes = 0;
  }
}

void CountingStorage::after(Ticket, Verb verb, std::string_view, std::uint64_t bytes) {
  Counters& counters = counters_[static_cast<std::size_t>(verb)];
  ++counters.calls;
  counters.bytes += bytes;
}

}  // namespace snapferry::testing
