#include "zfs/partial_mark.h"

#include "zfs/listing.h"

namespace snapferry::zfs {
namespace {

std::string state_of(const Partial& partial) {
  return partial.to.hex() + "." + std::to_string(partial.bytes) + "@";
}

}  // namespace

std::string partial_mark(const Partial& partial, std::int64_t now) {
  return state_of(partial) + std::to_string(now);
}

PartialAge age_of_partial(const Partial& partial, std::string_view mark, std::int64_t now) {
  const auto state = state_of(partial);
  if (!mark.starts_with(state)) return PartialAge::Unmarked;
  const auto since = parse_number(std::string(mark.substr(state.size())));
  if (!since || now < 0 || *since > static_cast<std::uint64_t>(now)) return PartialAge::Unmarked;
  const auto age = static_cast<std::uint64_t>(now) - *since;
  return age >= static_cast<std::uint64_t>(kGivenUpAfter) ? PartialAge::GivenUp
                                                          : PartialAge::Waiting;
}

}  // namespace snapferry::zfs
