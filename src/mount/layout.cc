#include "mount/layout.h"

#include <algorithm>

#include "core/wall_time.h"
#include "mount/number.h"

namespace snapferry::mount {
namespace {

constexpr std::size_t kLongestName = 200;

std::string escaped(std::string_view text, std::string_view special) {
  std::string name;
  for (const char c : text) {
    const bool hidden = c == '.' && name.empty();
    if (hidden || special.find(c) != std::string_view::npos) {
      name += '%' + to_hex(as_bytes(std::string_view(&c, 1)));
      std::transform(name.end() - 2, name.end(), name.end() - 2, [](char digit) {
        return digit >= 'a' ? static_cast<char>(digit - 32) : digit;
      });
    } else {
      name += c;
    }
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

std::string host_directory(std::string_view host) {
  return host.empty() ? "%" : bounded(escaped(host, "/%"));
}

}  // namespace

std::string volume_directory(std::string_view path) {
  if (path == "/") return "%2F";
  if (!path.starts_with('/')) return bounded(escaped(path, "/%"));
  return bounded(escaped(path.substr(1), "/%:"));
}

std::string time_directory(Timestamp time) {
  std::string name = format_utc(time);
  std::ranges::replace(name, ':', '-');
  return name;
}

Layout::Layout(const std::vector<Snapshot>& snapshots) {
  for (const Snapshot& snapshot : snapshots) {
    Volume& volume =
        hosts_[host_directory(snapshot.volume.host)][volume_directory(snapshot.volume.path)];
    std::string name = time_directory(snapshot.time);
    if (volume.snapshots.contains(name)) name += "-" + snapshot.id.short_hex();
    volume.snapshots.insert_or_assign(name, snapshot);
    volume.latest = name;
  }
}

const Layout::Volumes* Layout::host(std::string_view name) const {
  const auto found = hosts_.find(std::string(name));
  return found == hosts_.end() ? nullptr : &found->second;
}

const Layout::Volume* Layout::volume(std::string_view host_name, std::string_view name) const {
  const Volumes* volumes = host(host_name);
  if (volumes == nullptr) return nullptr;
  const auto found = volumes->find(std::string(name));
  return found == volumes->end() ? nullptr : &found->second;
}

}  // namespace snapferry::mount
