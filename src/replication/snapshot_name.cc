#include "replication/snapshot_name.h"

#include <algorithm>
#include <ctime>

#include "core/error.h"
#include "core/wall_time.h"

namespace snapferry::replication {
namespace {

constexpr std::string_view kPrefix = "snapferry_";
constexpr std::string_view kSimplesnapPrefix = "__simplesnap_";
constexpr std::string_view kSimplesnapSuffix = "__";
constexpr std::string_view kTimeShape = "dddd-dd-ddTdd:dd:dd";
constexpr std::size_t kStoreDigits = 8;
constexpr std::size_t kMaxSet = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

bool is_set_name(std::string_view set) {
  return !set.empty() && set.size() <= kMaxSet && std::all_of(set.begin(), set.end(), [](char c) {
    return is_alphanumeric(c) || c == '.' || c == ':' || c == '-';
  });
}

bool is_simplesnap_set(std::string_view set) {
  return !set.empty() &&
         std::all_of(set.begin(), set.end(), [](char c) { return is_alphanumeric(c) || c == '_'; });
}

int number_at(std::string_view text, std::size_t position, std::size_t size) {
  int number = 0;
  for (const char c : text.substr(position, size)) number = number * 10 + (c - '0');
  return number;
}

// "2026-11-24T05:45:17"; nullopt for anything else, and for days and hours that are none.
std::optional<std::tm> parse_fields(std::string_view text) {
  if (text.size() != kTimeShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kTimeShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kTimeShape[i]) return std::nullopt;
  }
  std::tm fields{};
  fields.tm_year = number_at(text, 0, 4) - 1900;
  fields.tm_mon = number_at(text, 5, 2) - 1;
  fields.tm_mday = number_at(text, 8, 2);
  fields.tm_hour = number_at(text, 11, 2);
  fields.tm_min = number_at(text, 14, 2);
  fields.tm_sec = number_at(text, 17, 2);
  std::tm normal = fields;
  timegm(&normal);  // moves what is out of range into the next field
  if (normal.tm_mon != fields.tm_mon || normal.tm_mday != fields.tm_mday ||
      normal.tm_hour != fields.tm_hour || normal.tm_min != fields.tm_min) {
    return std::nullopt;
  }
  return fields;
}

std::optional<std::int64_t> parse_utc(std::string_view text) {
  if (!text.ends_with('Z')) return std::nullopt;
  text.remove_suffix(1);
  auto fields = parse_fields(text);
  if (!fields) return std::nullopt;
  return timegm(&*fields);
}

std::optional<std::int64_t> parse_local(std::string_view text) {
  auto fields = parse_fields(text);
  if (!fields) return std::nullopt;
  fields->tm_isdst = -1;
  return mktime(&*fields);
}

std::optional<SnapshotName> parse_own(std::string_view rest) {
  constexpr std::size_t kUtc = kTimeShape.size() + 1;
  if (rest.size() < kUtc + 2) return std::nullopt;
  const std::size_t set_size = rest.size() - kUtc - 1;
  const auto time = parse_utc(rest.substr(set_size + 1));
  if (rest[set_size] != '_' || !is_set_name(rest.substr(0, set_size)) || !time) return std::nullopt;
  return SnapshotName{NameStyle::Snapferry, std::string(rest.substr(0, set_size)), *time};
}

std::optional<SnapshotName> parse_simplesnap(std::string_view rest) {
  if (!rest.ends_with(kSimplesnapSuffix)) return std::nullopt;
  rest.remove_suffix(kSimplesnapSuffix.size());
  if (rest.size() < kTimeShape.size() + 2) return std::nullopt;
  const std::size_t set_size = rest.size() - kTimeShape.size() - 1;
  const auto time = parse_local(rest.substr(set_size + 1));
  if (rest[set_size] != '_' || !is_simplesnap_set(rest.substr(0, set_size)) || !time) {
    return std::nullopt;
  }
  return SnapshotName{NameStyle::Simplesnap, std::string(rest.substr(0, set_size)), *time};
}

}  // namespace

void check_set_name(std::string_view set) {
  if (is_set_name(set)) return;
  std::string message = "set '";
  message.append(set).append(
      "': not a name for a set; use 1 to 64 letters, digits, '.', ':' and '-'");
  throw Error(ErrorKind::InvalidArgument, std::move(message));
}

std::string snapshot_name(std::string_view set, std::int64_t time) {
  std::string name(kPrefix);
  name.append(set).append("_").append(format_utc({time, 0}));
  return name;
}

std::string simplesnap_name(std::string_view set, std::int64_t time) {
  std::string local = format_local({time, 0});
  std::replace(local.begin(), local.end(), ' ', 'T');
  std::string name(kSimplesnapPrefix);
  name.append(set).append("_").append(local).append(kSimplesnapSuffix);
  return name;
}

std::optional<SnapshotName> parse_snapshot_name(std::string_view name) {
  if (name.starts_with(kPrefix)) return parse_own(name.substr(kPrefix.size()));
  if (name.starts_with(kSimplesnapPrefix)) {
    return parse_simplesnap(name.substr(kSimplesnapPrefix.size()));
  }
  return std::nullopt;
}

bool is_of_set(std::string_view name, std::string_view set) {
  const auto parsed = parse_snapshot_name(name);
  return parsed && parsed->set == set;
}

std::string cursor_tag(std::string_view set, std::string_view store_identity) {
  if (store_identity.size() < kStoreDigits) {
    throw Error(ErrorKind::Internal, "the store's identity is too short for a cursor");
  }
  std::string tag(kPrefix);
  tag.append(set).append("_").append(store_identity.substr(0, kStoreDigits));
  return tag;
}

std::string bookmark_name(std::string_view cursor, std::int64_t time) {
  std::string name(cursor);
  name.append("_").append(format_utc({time, 0}));
  return name;
}

bool is_bookmark_of(std::string_view name, std::string_view cursor) {
  return name.size() > cursor.size() + 1 && name.starts_with(cursor) &&
         name[cursor.size()] == '_' && parse_utc(name.substr(cursor.size() + 1));
}

std::optional<BookmarkName> parse_bookmark_name(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view rest = name.substr(kPrefix.size());
  const std::size_t set_end = rest.find('_');
  if (set_end == std::string_view::npos || !is_set_name(rest.substr(0, set_end))) {
    return std::nullopt;
  }
  const std::string_view store = rest.substr(set_end + 1, kStoreDigits);
  if (store.size() < kStoreDigits || !std::all_of(store.begin(), store.end(), is_hex_digit)) {
    return std::nullopt;
  }
  const std::string_view end = rest.substr(set_end + 1 + kStoreDigits);
  const auto time = end.starts_with('_') ? parse_utc(end.substr(1)) : std::nullopt;
  if (!time) return std::nullopt;
  return BookmarkName{std::string(rest.substr(0, set_end)), std::string(store), *time};
}

}  // namespace snapferry::replication
