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

// Splits at tabs and newlines; the first column is what a row is of. Throws Corrupt for a row that
// has not `columns` columns, or that does not end.
//
// `zfs list` escapes nothing, and a user property may hold any byte. Where it holds a tab or a
// newline, nobody can tell where its row ends: the whole listing is refused, with the name to look
// at. expect_distinct() refuses what such a value can add with the right number of columns.
std::vector<std::vector<std::string>> parse_rows(std::string_view text, std::size_t columns);

// Throws Corrupt where two rows have the same first column: `zfs list` prints each name once, so
// that a value made to look like rows can tell nothing of what is there.
void expect_distinct(const std::vector<std::vector<std::string>>& rows);

// An unsigned number in decimal; nullopt for "-" and everything else.
std::optional<std::uint64_t> parse_number(std::string_view text);

// Runs it. Roots that are not there are in Listing::missing; any other failure throws as
// zfs/command_failure.h says, so that a failed listing is never an empty one.
Listing run_list(platform::Commands& commands, const ListRequest& request);

}  // namespace snapferry::zfs
