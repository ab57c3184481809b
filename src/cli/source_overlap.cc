#include "cli/source_overlap.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/format.h"
#include "cli/source_path.h"
#include "core/error.h"

namespace snapferry::cli {
namespace {

std::optional<SourcePath> look_at(const std::string& given) {
  try {
    return source_path(given);
  } catch (const Error&) {
    return std::nullopt;  // said when it is backed up
  }
}

bool lies_below(const std::string& path, const std::string& directory) {
  if (directory == "/") return path != "/";
  return path.starts_with(directory + "/");
}

bool lies_below(const SourcePath& inner, const SourcePath& outer) {
  return std::any_of(inner.names.begin(), inner.names.end(), [&](const std::string& path) {
    return std::any_of(outer.names.begin(), outer.names.end(),
                       [&](const std::string& directory) { return lies_below(path, directory); });
  });
}

bool same_filesystem(const std::string& a, const std::string& b) {
  struct stat first {};
  struct stat second {};
  return ::lstat(a.c_str(), &first) == 0 && ::lstat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev;
}

}  // namespace

ChosenSources choose_sources(const std::vector<std::string>& given, bool one_filesystem) {
  ChosenSources chosen;
  std::vector<SourcePath> sources;
  for (const auto& path : given) {
    const auto source = look_at(path);
    const bool again =
        source && std::any_of(sources.begin(), sources.end(),
                              [&](const SourcePath& other) { return other.path == source->path; });
    if (again) {
      chosen.warnings.push_back(
          fmt::format("{}: is given twice; it is backed up once", printable(source->path)));
      continue;
    }
    chosen.paths.push_back(path);
    if (source) sources.push_back(*source);
  }
  for (const auto& inner : sources) {
    for (const auto& outer : sources) {
      if (&inner == &outer || !lies_below(inner, outer)) continue;
      if (one_filesystem && !same_filesystem(inner.path, outer.path)) continue;
      chosen.warnings.push_back(
          fmt::format("{}: lies in {}, which is given as well, so it is in both snapshots; leave "
                      "one of them out unless you want that",
                      printable(inner.path), printable(outer.path)));
    }
  }
  return chosen;
}

}  // namespace snapferry::cli
