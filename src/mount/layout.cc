#include "mount/layout.h"

#include <algorithm>
#include <ctime>

#include "core/wall_time.h"
#include "mount/number.h"

namespace snapferry::mount {
namespace {

constexpr std::size_t kLongestName = 200;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether a part of a path has the form of a TIME, or is what stands beside them.
bool looks_like_ours(std::string_view part) {
  if (part == "latest") return true;
  return part.size() >= 11 && std::all_of(part.begin(), part.begin() + 4, is_digit) &&
         part[4] == '-' && part[7] == '-' && part[10] == 'T';
}

std::string escaped(std::string_view part, std::string_view special) {
  std::string name;
  for (const char c : part) {
    const bool first = name.empty() && (looks_like_ours(part) || part == "." || part == "..");
    if (!first && special.find(c) == std::string_view::npos) {
      name += c;
      continue;
    }
    constexpr char kDigits[] = "0123456789ABCDEF";
    const auto byte = static_cast<std::uint8_t>(c);
    name += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return name;
}

std::string bounded(std::string name) {
  if (name.size() <= kLongestName) return name;
  const std::uint64_t number = number_of(0, name);
  std::string digits(16, '0');
  for (std::size_t place = 0; place < digits.size(); ++place) {
    digits[place] = "0123456789abcdef"[number >> (60 - 4 * place) & 15];
  }
  return name.substr(0, kLongestName) + "~" + digits;
}

// Empty parts stand for nothing.
std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (!part.empty()) parts.push_back(part);
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  }
  return parts;
}

std::string joined(const std::vector<std::string>& names) {
  std::string path;
  for (const std::string& name : names) path += (path.empty() ? "" : "/") + name;
  return path;
}

std::vector<std::string> names_of(const VolumeName& volume) {
  std::vector<std::string> names;
  names.push_back(volume.host.empty() ? "%" : bounded(escaped(volume.host, "/%")));
  // What is no path of files begins with its kind.
  const bool is_path = volume.path.starts_with('/');
  for (const std::string_view part : parts_of(volume.path)) {
    names.push_back(bounded(escaped(part, is_path && names.size() == 1 ? "%:" : "%")));
  }
  return names;
}

}  // namespace

std::string volume_directory(const VolumeName& volume) { return joined(names_of(volume)); }

std::string time_directory(Timestamp time) {
  const std::time_t seconds = time.seconds;
  std::tm local{};
  char name[64];
  if (::localtime_r(&seconds, &local) == nullptr ||
      std::strftime(name, sizeof name, "%Y-%m-%dT%H-%M-%S%z", &local) == 0) {
    return "@" + std::to_string(time.seconds);
  }
  return name;
}

Layout::Layout(const std::vector<Snapshot>& snapshots) {
  for (const Snapshot& snapshot : snapshots) {
    Directory* directory = &root_;
    for (const std::string& name : names_of(snapshot.volume)) {
      directory = &directory->directories[name];
    }
    std::string name = time_directory(snapshot.time);
    if (directory->snapshots.contains(name)) name += "-" + snapshot.id.short_hex();
    directory->snapshots.insert_or_assign(name, snapshot);
    directory->latest = name;
  }
}

const Layout::Directory* Layout::find(std::string_view path) const {
  const Directory* directory = &root_;
  for (const std::string_view name : parts_of(path)) {
    const auto found = directory->directories.find(std::string(name));
    if (found == directory->directories.end()) return nullptr;
    directory = &found->second;
  }
  return directory;
}

}  // namespace snapferry::mount
