#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "platform/command.h"

namespace snapferry::zfs {

// What `zfs list` shall print: one row for each dataset of the types under the roots.
struct ListRequest {
  std::vector<std::string> columns{};  // properties
  std::string types{};                 // "filesystem,volume,snapshot,bookmark"
  std::optional<unsigned> depth{};     // below each root; nullopt: all
  bool recursive = true;               // false: the roots themselves, which may be snapshots
  std::vector<std::string> roots{};    // empty: every pool
};

std::vector<std::string> list_arguments(const ListRequest& request);

// Rows and columns of what `zfs list -Hp` printed, and what it did not find.
struct Listing {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> missing;  // those roots that are not there
};

// Splits at tabs and newlines. Throws Corrupt for a row that has not `columns` columns, or that
// does not end.
std::vector<std::vector<std::string>> parse_rows(std::string_view text, std::size_t columns);

// An unsigned number in decimal; nullopt for "-" and everything else.
std::optional<std::uint64_t> parse_number(std::string_view text);

// Runs it. Roots that are not there are in Listing::missing; any other failure throws as
// zfs/command_failure.h says, so that a failed listing is never an empty one.
Listing run_list(platform::Commands& commands, const ListRequest& request);

}  // namespace snapferry::zfs
