#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace snapferry::replication {

// The names that this program gives:
//
//   snapshot := "snapferry_" SET "_" UTC            UTC   := "2026-11-24T05:45:17Z"
//             | "__simplesnap_" SET "_" LOCAL "__"  LOCAL := "2026-11-24T05:45:17"
//   cursor   := "snapferry_" SET "_" STORE8         STORE8 := the first 8 hexadecimal digits of
//   bookmark := cursor "_" UTC                                Store::identity()
//
// The second form is that of simplesnap 2.1 (simplesnapwrap: `date +%FT%T`, local time), which a
// chain of that program is recognised and carried on by; its SET may hold '_', ours may not.
enum class NameStyle : std::uint8_t { Snapferry = 1, Simplesnap = 2 };

struct SnapshotName {
  NameStyle style = NameStyle::Snapferry;
  std::string set;
  std::int64_t time = 0;  // seconds since 1970
  bool operator==(const SnapshotName&) const = default;
};

// Throws InvalidArgument, saying what is allowed, unless `set` is 1 to 64 of [A-Za-z0-9.:-].
void check_set_name(std::string_view set);

std::string snapshot_name(std::string_view set, std::int64_t time);
// In the local time zone.
std::string simplesnap_name(std::string_view set, std::int64_t time);

// nullopt for what neither program has named.
std::optional<SnapshotName> parse_snapshot_name(std::string_view name);

// True of a name in either style whose set is exactly `set`.
bool is_of_set(std::string_view name, std::string_view set);

// The tag of holds of one set and one store, and the beginning of its bookmarks' names.
// `store_identity` has at least 8 characters.
std::string cursor_tag(std::string_view set, std::string_view store_identity);

std::string bookmark_name(std::string_view cursor, std::int64_t time);
bool is_bookmark_of(std::string_view name, std::string_view cursor);

// What the name of a bookmark says about its cursor.
struct BookmarkName {
  std::string set;
  std::string store;      // STORE8
  std::int64_t time = 0;  // seconds since 1970
  bool operator==(const BookmarkName&) const = default;
};

// nullopt for what is no bookmark of a cursor.
std::optional<BookmarkName> parse_bookmark_name(std::string_view name);

}  // namespace snapferry::replication
