#include "zfs/unchanged_record.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/error.h"

namespace snapferry::zfs {
namespace {

constexpr std::size_t kIdSize = 8;

std::string id_of(const Guid& guid) { return guid.hex().substr(0, kIdSize); }

// Cuts what stands before `delimiter` off `rest`; all of it if there is none.
std::string_view cut(std::string_view& rest, char delimiter) {
  const auto end = rest.find(delimiter);
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return part;
}

}  // namespace

std::string UnchangedRecord::property(std::size_t part) {
  return "snapferry:unchanged." + std::to_string(part);
}

UnchangedRecord UnchangedRecord::parse(std::string_view text) {
  UnchangedRecord record;
  while (!text.empty()) {
    auto rest = cut(text, ';');
    Entry entry;
    entry.set = cut(rest, ' ');
    const auto time = cut(rest, ' ');
    const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), entry.time);
    if (entry.set.empty() || error != std::errc() || end != time.data() + time.size()) continue;
    for (; rest.size() >= kIdSize; rest.remove_prefix(kIdSize)) {
      entry.ids.emplace_back(rest.substr(0, kIdSize));
    }
    if (!entry.ids.empty()) record.entries_.push_back(std::move(entry));
  }
  return record;
}

void UnchangedRecord::record(const std::string& set, std::int64_t time,
                             const std::vector<Guid>& unchanged, const std::vector<Guid>& newest) {
  std::set<std::string> ids, known;
  for (const auto& snapshot : unchanged) ids.insert(id_of(snapshot));
  for (const auto& snapshot : newest) known.insert(id_of(snapshot));
  for (auto& entry : entries_) {
    std::erase_if(entry.ids, [&](auto& id) {
      return !known.contains(id) || (entry.set == set && ids.contains(id));
    });
  }
  std::erase_if(entries_, [](const Entry& entry) { return entry.ids.empty(); });
  if (!ids.empty()) entries_.push_back({set, time, {ids.begin(), ids.end()}});
}

std::vector<std::pair<std::string, std::int64_t>> UnchangedRecord::seen(const Guid& newest) const {
  std::vector<std::pair<std::string, std::int64_t>> result;
  const auto id = id_of(newest);
  for (const auto& entry : entries_) {
    if (std::find(entry.ids.begin(), entry.ids.end(), id) != entry.ids.end()) {
      result.emplace_back(entry.set, entry.time);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::string UnchangedRecord::text() const {
  std::string text;
  for (const auto& entry : entries_) {
    if (!text.empty()) text += ';';
    text += entry.set + ' ' + std::to_string(entry.time) + ' ';
    for (const auto& id : entry.ids) text += id;
  }
  return text;
}

std::vector<std::string> UnchangedRecord::parts() const {
  const auto whole = text();
  if (whole.size() > kParts * kPartSize) {
    throw Error(ErrorKind::Unsupported,
                "more volumes of one host than a ZFS store can note as unchanged; divide them "
                "between two stores");
  }
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < whole.size(); at += kPartSize) {
    parts.push_back(whole.substr(at, kPartSize));
  }
  return parts;
}

}  // namespace snapferry::zfs
