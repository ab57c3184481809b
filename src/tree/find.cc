#include "tree/find.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/tree_reader.h"
#include "tree/exclude.h"
#include "tree/pair_walk.h"

namespace snapferry::tree {
namespace {

// As a line of an exclude file that means just this: without comments, negation and
// the trimming of blanks.
std::string as_rule(std::string_view pattern) {
  std::string rule(pattern);
  std::size_t end = rule.size();
  while (end > 0 && (rule[end - 1] == ' ' || rule[end - 1] == '\t')) --end;
  for (std::size_t space = rule.size(); space > end; --space) rule.insert(space - 1, 1, '\\');
  if (rule.starts_with('!') || rule.starts_with('#') || rule.starts_with('~'))
    rule.insert(0, 1, '\\');
  return rule;
}

// The directories that the pattern begins with before its first wildcard: "etc/apt" of
// "/etc/apt/*.d/x". Empty where it may match anywhere.
std::string fixed_directory(std::string_view pattern) {
  const std::string_view before = pattern.substr(0, pattern.find_first_of("*?[\\"));
  // A slash that ends the pattern does not anchor it.
  const std::string_view inner = before.size() == pattern.size() && before.ends_with('/')
                                     ? before.substr(0, before.size() - 1)
                                     : before;
  const std::size_t slash = inner.rfind('/');
  if (slash == std::string_view::npos) return "";
  std::string_view directory = inner.substr(0, slash);
  if (directory.starts_with('/')) directory.remove_prefix(1);
  return std::string(directory);
}

// What is looked for in one volume.
class Query {
 public:
  Query(std::string_view pattern, const VolumeName& volume)
      : fixed_directory_(snapferry::tree::fixed_directory(pattern)) {
    std::vector<std::string> rules{as_rule(pattern)};
    const std::string prefix = volume.path == "/" ? "/" : volume.path + "/";
    if (prefix != "/" && pattern.starts_with(prefix)) {
      rules.push_back(as_rule(pattern.substr(prefix.size() - 1)));
      fixed_directory_.clear();
    }
    rules_ = ExcludeRules(rules);
    own_name_ = volume.path.substr(volume.path.find_last_of("/:") + 1);
  }

  bool matches(const std::string& path, const Entry* entry) const {
    if (entry == nullptr) return false;
    if (!path.empty()) return rules_.excludes(path, entry->type == EntryType::Directory);
    // The root of a volume has no path; one that is a file goes by its name.
    return entry->type != EntryType::Directory && rules_.excludes(own_name_, false);
  }

  // Where all that matches is below. "" is the root.
  const std::string& fixed_directory() const { return fixed_directory_; }

 private:
  ExcludeRules rules_;
  std::string fixed_directory_;
  std::string own_name_;
};

bool same_content(const Entry& a, const Entry& b) {
  return a.type == b.type && a.left_out == b.left_out && a.size == b.size &&
         a.content == b.content && a.target == b.target && a.device == b.device;
}

// The versions of one path while the snapshots are gone through, newest first.
struct History {
  std::vector<FoundVersion> versions;
  // Which of them the snapshot gone through last has.
  std::optional<std::size_t> current;
};

class VolumeSearch {
 public:
  VolumeSearch(const Query& query, ObjectSource& source, const FindOptions& options)
      : query_(query), source_(source), options_(options) {}

  // Of the volume, newest first.
  void add(const Snapshot& snapshot) {
    try {
      const std::optional<Entry> entry = start_of(snapshot);
      walk(snapshot, entry ? &*entry : nullptr);
      newer_entry_ = entry;
      newer_ = &snapshot;
    } catch (Error& error) {
      error.add_context("snapshot " + snapshot.id.short_hex());
      throw;
    }
  }

  void finish(const VolumeName& volume, std::vector<FoundPath>& found) {
    for (auto& [path, history] : histories_) {
      if (history.current) history.versions[*history.current].oldest = newer_;
      found.push_back({volume, path, std::move(history.versions)});
    }
  }

 private:
  std::optional<Entry> start_of(const Snapshot& snapshot) const {
    const std::string& directory = query_.fixed_directory();
    if (directory.empty()) return snapshot.root;
    try {
      std::optional<Entry> entry = TreeReader(source_).resolve(snapshot.root, directory);
      if (entry && !entry->has_tree()) return std::nullopt;
      return entry;
    } catch (const LeftOutError&) {
      return std::nullopt;
    }
  }

  void walk(const Snapshot& snapshot, const Entry* entry) {
    const std::string& start = query_.fixed_directory();
    const PairVisitor visit = [&](const std::string& below, const Entry* newer,
                                  const Entry* older) {
      const std::string joined = start.empty() || below.empty() ? "" : start + "/" + below;
      // The start itself never matches: the pattern goes on behind it.
      if (start.empty() || !below.empty()) {
        compare(start.empty() ? below : joined, newer, older, snapshot);
      }
      return true;
    };
    walk_pair(source_, newer_entry_ ? &*newer_entry_ : nullptr, entry, visit,
              options_.cancellation);
  }

  void compare(const std::string& path, const Entry* newer, const Entry* older,
               const Snapshot& snapshot) {
    const bool had = query_.matches(path, newer);
    const bool has = query_.matches(path, older);
    if (!had && !has) return;
    if (had && has && same_content(*newer, *older)) return;
    History& history = histories_[path];
    if (had) {
      history.versions[*history.current].oldest = newer_;
      history.current.reset();
    }
    if (has) history.current = version_of(history, *older, snapshot);
  }

  static std::size_t version_of(History& history, const Entry& entry, const Snapshot& snapshot) {
    auto& versions = history.versions;
    const auto known = std::ranges::find_if(
        versions, [&](const FoundVersion& version) { return same_content(version.entry, entry); });
    if (known == versions.end()) {
      versions.push_back({entry, &snapshot, &snapshot});
      return versions.size() - 1;
    }
    return static_cast<std::size_t>(known - versions.begin());
  }

  const Query& query_;
  ObjectSource& source_;
  const FindOptions& options_;
  std::optional<Entry> newer_entry_;
  const Snapshot* newer_ = nullptr;
  std::map<std::string, History> histories_;
};

}  // namespace

std::vector<FoundPath> find(const std::vector<Snapshot>& snapshots, std::string_view pattern,
                            ObjectSource& source, const FindOptions& options) {
  std::map<VolumeName, std::vector<const Snapshot*>> volumes;
  for (const Snapshot& snapshot : snapshots) volumes[snapshot.volume].push_back(&snapshot);
  // Bad patterns are refused even where there is nothing to look at.
  const ExcludeRules checked({as_rule(pattern)});
  std::vector<FoundPath> found;
  for (auto& [volume, of_volume] : volumes) {
    const Query query(pattern, volume);
    VolumeSearch search(query, source, options);
    for (auto each = of_volume.rbegin(); each != of_volume.rend(); ++each) search.add(**each);
    search.finish(volume, found);
  }
  return found;
}

}  // namespace snapferry::tree
