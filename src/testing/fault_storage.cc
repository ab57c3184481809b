#include "testing/fault_storage.h"

#include <string>

namespace snapferry::testing {

// The ticket is the number of an operation that has to fail after it took effect; else 0.
ObservedStorage::Ticket FaultStorage::before(Verb verb, std::string_view name) {
  if (fault_.counts && !fault_.counts(verb, name)) return 0;
  const std::uint64_t number = ++operations_;
  if (fault_.at == 0 || number < fault_.at) return 0;
  if (fault_.repeat == FaultRepeat::Once && number != fault_.at) return 0;
  if (fault_.effect == FaultEffect::None) fail(number, verb, name);
  return number;
}

void FaultStorage::after(Ticket ticket, Verb verb, std::string_view name, std::uint64_t) {
  if (ticket != 0) fail(ticket, verb, name);
}

void FaultStorage::fail(std::uint64_t number, Verb verb, std::string_view name) {
  ++failures_;
  std::string message = "injected fault at operation " + std::to_string(number) + " (";
  message.append(to_string(verb)).append(" ").append(name).append(")");
  throw Error(fault_.kind, std::move(message));
}

}  // namespace snapferry::testing
