#include "core/snapshot_selector.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "core/error.h"
#include "core/wall_time.h"

namespace snapferry {
namespace {

using Snapshots = std::vector<Snapshot>;

constexpr std::string_view kLatest = "latest";

// The newest that `accepts`, or nullptr.
template <typename Predicate>
const Snapshot* newest(const Snapshots& snapshots, Predicate accepts) {
  const auto found = std::find_if(snapshots.rbegin(), snapshots.rend(), accepts);
  return found == snapshots.rend() ? nullptr : &*found;
}

bool is_hexadecimal(std::string_view text) {
  return !text.empty() && text.size() <= 2 * ObjectId::kSize &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string lower_case(std::string_view hexadecimal) {
  std::string lower(hexadecimal);
  for (char& digit : lower) {
    if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
  }
  return lower;
}

// At least one id begins so.
const Snapshot* find_by_id(const Snapshots& snapshots, std::string_view selector) {
  const std::string prefix = lower_case(selector);
  std::vector<const Snapshot*> matches;
  for (const Snapshot& snapshot : snapshots) {
    if (snapshot.id.hex().starts_with(prefix)) matches.push_back(&snapshot);
  }
  if (matches.size() == 1) return matches.front();
  // Long enough to tell these two apart, and never shorter than what lists show.
  const std::string first = matches[0]->id.hex();
  const std::string second = matches[1]->id.hex();
  const auto differ = std::ranges::mismatch(first, second).in1 - first.begin();
  const auto length = std::max<std::size_t>(8, static_cast<std::size_t>(differ) + 1);
  throw Error(ErrorKind::InvalidArgument,
              std::string(selector) + ": " + std::to_string(matches.size()) +
                  " snapshots have ids that begin so, such as " + first.substr(0, length) +
                  " and " + second.substr(0, length) + "; give more digits");
}

std::string_view without_trailing_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/') && !path.ends_with(":/")) path.remove_suffix(1);
  return path;
}

bool is_named(const VolumeName& volume, std::string_view name) {
  return name.size() == volume.host.size() + 1 + volume.path.size() &&
         name.starts_with(volume.host) && name[volume.host.size()] == ':' &&
         name.ends_with(volume.path);
}

[[noreturn]] void fail_for_hosts(std::string_view path, const std::set<std::string>& hosts) {
  const std::string& first = *hosts.begin();
  const std::string& second = *std::next(hosts.begin());
  throw Error(ErrorKind::InvalidArgument, std::string(path) + ": " + std::to_string(hosts.size()) +
                                              " hosts have a volume of this path, such as " +
                                              first + " and " + second + "; give HOST:PATH");
}

bool is_known(const Snapshots& snapshots, const VolumeName& volume) {
  return std::ranges::any_of(snapshots,
                             [&](const Snapshot& snapshot) { return snapshot.volume == volume; });
}

std::optional<VolumeName> find_led_to(const Snapshots& snapshots, std::string_view path,
                                      const Standpoint& here) {
  if (path.empty() || !here.led_to) return std::nullopt;
  const auto place = here.led_to(std::string(path));
  if (!place || !is_known(snapshots, {here.host, *place})) return std::nullopt;
  return VolumeName{here.host, *place};
}

std::optional<VolumeName> find_relative(const Snapshots& snapshots, std::string_view path,
                                        const Standpoint& here) {
  if (path.empty() || path.starts_with('/') || here.directory.empty()) return std::nullopt;
  const auto whole = (std::filesystem::path(here.directory) / path).lexically_normal().string();
  const VolumeName wanted{here.host, std::string(without_trailing_slashes(whole))};
  return is_known(snapshots, wanted) ? std::optional(wanted) : std::nullopt;
}

VolumeName of_other_host(std::string_view path, const std::set<std::string>& hosts,
                         const Standpoint& here) {
  if (here.without_host == WithoutHost::OwnHost) {
    std::vector<VolumeName> volumes;
    for (const auto& host : hosts) volumes.push_back({host, std::string(path)});
    throw OnOtherHosts(path, here.host, std::move(volumes));
  }
  if (hosts.size() > 1) fail_for_hosts(path, hosts);
  return {*hosts.begin(), std::string(path)};
}

std::optional<VolumeName> find_volume(const Snapshots& snapshots, std::string_view selector,
                                      const Standpoint& here) {
  const std::string_view name = without_trailing_slashes(selector);
  std::set<std::string> hosts;
  for (const Snapshot& snapshot : snapshots) {
    const VolumeName& volume = snapshot.volume;
    if (is_named(volume, name)) return volume;
    if (volume.path == name) hosts.insert(volume.host);
  }
  if (auto volume = find_led_to(snapshots, selector, here)) return volume;
  if (hosts.empty()) return find_relative(snapshots, selector, here);
  if (hosts.contains(here.host)) return VolumeName{here.host, std::string(name)};
  return of_other_host(name, hosts, here);
}

Timestamp parse_time_of(std::string_view time, std::string_view selector) {
  try {
    return parse_time(time);
  } catch (Error& error) {
    error.add_context(selector);
    throw;
  }
}

const Snapshot* find_by_time(const Snapshots& snapshots, std::string_view selector,
                             const Standpoint& here) {
  for (std::size_t at = selector.rfind('@'); at != std::string_view::npos && at > 0;
       at = selector.rfind('@', at - 1)) {
    const auto volume = find_volume(snapshots, selector.substr(0, at), here);
    if (!volume) continue;
    const Timestamp time = parse_time_of(selector.substr(at + 1), selector);
    return newest(snapshots, [&](const Snapshot& snapshot) {
      return snapshot.volume == *volume && snapshot.time.seconds <= time.seconds;
    });
  }
  return nullptr;
}

[[noreturn]] void fail_for_two_meanings(std::string_view selector, const VolumeName& volume) {
  const std::string word(selector);
  throw Error(ErrorKind::InvalidArgument,
              word + ": is the volume " + volume.text() +
                  (selector == kLatest ? " and the newest snapshot of all; give ./" + word +
                                             " for the volume, or the id of the snapshot"
                                       : " and how the id of a snapshot begins; give ./" + word +
                                             " for the volume, or more digits of the id"));
}

// The newest of all may be anybody's, and it is whose backup ended last.
const Snapshot& latest_of(const Snapshots& snapshots, const Standpoint& here) {
  const Snapshot& last = snapshots.back();
  if (here.without_host == WithoutHost::OwnHost && last.volume.host != here.host) {
    throw Error(ErrorKind::InvalidArgument, std::string(kLatest) + ": is of another host, " +
                                                last.volume.text() + "; give its id, " +
                                                last.id.short_hex());
  }
  return last;
}

bool is_said_by_id(const Snapshots& snapshots, std::string_view selector) {
  if (selector == kLatest) return !snapshots.empty();
  return is_hexadecimal(selector) && std::ranges::any_of(snapshots, [&](const Snapshot& each) {
           return each.id.hex().starts_with(lower_case(selector));
         });
}

// "web1:/etc and db:/etc are there", of three at most.
std::string are_there(const std::vector<VolumeName>& volumes) {
  constexpr std::size_t kNamed = 3;
  const std::size_t named = std::min(kNamed, volumes.size());
  std::string text;
  for (std::size_t i = 0; i < named; ++i) {
    const bool last = i + 1 == volumes.size();
    text += (i == 0 ? "" : last ? " and " : ", ") + volumes[i].text();
  }
  if (volumes.size() > named) text += " and " + std::to_string(volumes.size() - named) + " more";
  return text + (volumes.size() == 1 ? " is there: name it" : " are there: name one");
}

}  // namespace

OnOtherHosts::OnOtherHosts(std::string_view name, std::string_view this_host,
                           std::vector<VolumeName> volumes)
    : Error(ErrorKind::NotFound, std::string(name) + ": this host, " + std::string(this_host) +
                                     ", has no volume of that name; " + are_there(volumes)),
      volumes_(std::move(volumes)) {}

const Snapshot& select_snapshot(const Snapshots& snapshots, std::string_view selector,
                                const Standpoint& here) {
  const Snapshot* found = nullptr;
  if (const auto volume = find_volume(snapshots, selector, here)) {
    if (is_said_by_id(snapshots, selector)) fail_for_two_meanings(selector, *volume);
    found = newest(snapshots, [&](const Snapshot& each) { return each.volume == *volume; });
  } else if (is_said_by_id(snapshots, selector)) {
    found = selector == kLatest ? &latest_of(snapshots, here) : find_by_id(snapshots, selector);
  } else {
    found = find_by_time(snapshots, selector, here);
  }
  if (found == nullptr) {
    throw Error(ErrorKind::NotFound,
                std::string(selector) + ": no such snapshot; 'snapferry list' shows them");
  }
  return *found;
}

VolumeName select_volume(const Snapshots& snapshots, std::string_view selector,
                         const Standpoint& here) {
  if (auto volume = find_volume(snapshots, selector, here)) return *std::move(volume);
  throw Error(ErrorKind::NotFound,
              std::string(selector) + ": no such volume; 'snapferry list' shows them");
}

}  // namespace snapferry
