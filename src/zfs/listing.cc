#include "zfs/listing.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/printable.h"
#include "zfs/command_failure.h"

namespace snapferry::zfs {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kLongestName = 256;  // ZFS_MAX_DATASET_NAME_LEN
constexpr std::string_view kLookForBreaks =
    "a property of it may hold a tab or a line break; look with zfs get all, and take it away with "
    "zfs inherit";

std::string shown(const std::string& name) { return printable(name.substr(0, kLongestName)); }

[[noreturn]] void fail_columns(const Rows& rows, std::size_t columns) {
  const auto& row = rows.back();
  // A short row may be the rest of a value in the row before.
  const auto before =
      rows.size() > 1 ? fmt::format(" (behind {})", shown(rows.end()[-2][0])) : std::string();
  throw Error(ErrorKind::Corrupt,
              fmt::format("zfs list: {}{}: {} columns where {} were asked for; {}", shown(row[0]),
                          before, row.size(), columns, kLookForBreaks));
}

}  // namespace

std::vector<std::string> list_arguments(const ListRequest& request) {
  std::string columns;
  for (const auto& column : request.columns) columns += (columns.empty() ? "" : ",") + column;
  std::vector<std::string> argv = {"zfs", "list", "-Hp"};
  if (request.recursive && request.depth) {
    argv.insert(argv.end(), {"-d", std::to_string(*request.depth)});
  } else if (request.recursive) {
    argv.emplace_back("-r");
  }
  argv.insert(argv.end(), {"-t", request.types, "-o", columns});
  argv.insert(argv.end(), request.roots.begin(), request.roots.end());
  return argv;
}

std::vector<std::vector<std::string>> parse_rows(std::string_view text, std::size_t columns) {
  Rows rows;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    if (newline == text.npos)
      throw Error(ErrorKind::Corrupt, "zfs list: its last row does not end");
    auto rest = text.substr(0, newline);
    text.remove_prefix(newline + 1);
    auto& row = rows.emplace_back();
    row.reserve(columns);
    while (true) {
      const auto tab = rest.find('\t');
      row.emplace_back(rest.substr(0, tab));
      if (tab == rest.npos) break;
      rest.remove_prefix(tab + 1);
    }
    if (row.size() != columns) fail_columns(rows, columns);
  }
  return rows;
}

void expect_distinct(const Rows& rows) {
  std::unordered_set<std::string_view> names;
  names.reserve(rows.size());
  for (const auto& row : rows) {
    if (names.insert(row[0]).second) continue;
    throw Error(ErrorKind::Corrupt,
                fmt::format("zfs list: {}: is listed twice; {}", shown(row[0]), kLookForBreaks));
  }
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Listing run_list(platform::Commands& commands, const ListRequest& request) {
  const auto argv = list_arguments(request);
  const auto output = commands.run(argv);
  Listing listing;
  if (!output.exit.ok()) {
    const auto lines = error_lines(output.exit);
    for (const auto line : lines) {
      const auto name = quoted_name(line);
      const bool asked =
          std::find(request.roots.begin(), request.roots.end(), name) != request.roots.end();
      if (!asked || !says_missing(line)) throw command_failure(argv, output.exit);
      listing.missing.emplace_back(name);
    }
    if (lines.empty()) throw command_failure(argv, output.exit);
  }
  listing.rows = parse_rows(output.text, request.columns.size());
  if (request.columns.front() == "name") expect_distinct(listing.rows);
  return listing;
}

}  // namespace snapferry::zfs
