#include "agent/list_walk.h"

#include <algorithm>
#include <vector>

namespace snapferry::agent {
namespace {

constexpr std::uint32_t kFull = SnapshotView::kFilesInPart;
// What looking at a file costs in a part that is not visited.
constexpr std::size_t kLookedAt = 64;

void add_directories(const DirectoryPart& part, std::vector<std::string>& names) {
  for (const auto& file : part.files) {
    if (file.entry.type == EntryType::Directory) names.push_back(file.entry.name);
  }
}

// The number of the first file of the part that holds `name`.
std::uint32_t part_with(const DirectoryPart& first_part, std::string_view name) {
  const auto& names = first_part.part_names;
  const auto after = std::ranges::upper_bound(names, name);
  const auto index = after == names.begin() ? 0 : after - names.begin() - 1;
  return static_cast<std::uint32_t>(index) * kFull;
}

}  // namespace

void ListWalk::go_on_from(const std::string& directory, std::uint32_t first,
                          const DirectoryPart& part) {
  std::vector<std::string> names;
  add_directories(part, names);
  visit_rest(directory, first + kFull, part.total, names);
  visit_below(directory, std::move(names));
  for (std::string_view up = directory; has_more() && !up.empty();) {
    visit_behind(up);
    up = up.substr(0, up.find('/') == up.npos ? 0 : up.rfind('/'));
  }
}

void ListWalk::visit_rest(const std::string& directory, std::uint32_t first, std::uint32_t total,
                          std::vector<std::string>& names) {
  for (std::uint64_t at = first; at < total && has_more(); at += kFull) {
    const auto begin = static_cast<std::uint32_t>(at);
    const DirectoryPart part = view_.list(directory, begin);
    count(visit_(directory, begin, part));
    add_directories(part, names);
  }
}

void ListWalk::visit_below(const std::string& directory, std::vector<std::string> names) {
  for (const auto& name : names) {
    if (!has_more()) return;
    const std::string path = view_path(directory, name);
    const DirectoryPart part = view_.list(path, 0);
    count(visit_(path, 0, part));
    std::vector<std::string> below;
    add_directories(part, below);
    visit_rest(path, kFull, part.total, below);
    visit_below(path, std::move(below));
  }
}

// The directories beside it whose names are greater.
void ListWalk::visit_behind(std::string_view directory) {
  const auto slash = directory.rfind('/');
  const std::string parent(directory.substr(0, slash == directory.npos ? 0 : slash));
  const std::string name(directory.substr(slash == directory.npos ? 0 : slash + 1));
  DirectoryPart part = view_.list(parent, 0);
  const std::uint32_t total = part.total;
  const std::uint32_t begin = part_with(part, name);
  for (std::uint64_t at = begin; at < total && has_more(); at += kFull) {
    if (at > 0) part = view_.list(parent, static_cast<std::uint32_t>(at));
    count(kLookedAt * part.files.size());
    std::vector<std::string> names;
    add_directories(part, names);
    std::erase_if(names, [&](const std::string& each) { return each <= name; });
    visit_below(parent, std::move(names));
  }
}

}  // namespace snapferry::agent
