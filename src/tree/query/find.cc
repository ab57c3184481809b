#include "tree/query/find.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/volume_path.h"
#include "tree/exclude.h"
#include "tree/query/pair_walk.h"

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

// What is looked for in one volume.
class Query {
 public:
  Query(std::string_view pattern, const VolumeName& volume)
      : rules_({{as_rule(pattern), {}}}, place_of(volume)),
        own_name_(volume.path.substr(volume.path.find_last_of("/:") + 1)) {}

  bool matches(const std::string& path, const Entry* entry) const {
    if (entry == nullptr) return false;
    if (!path.empty()) return rules_.excludes(path, entry->type == EntryType::Directory);
    // The root of a volume has no path; one that is a file goes by its name.
    return entry->type != EntryType::Directory && rules_.excludes(own_name_, false);
  }

  bool may_match_below(const std::string& directory) const {
    return rules_.may_match_below(directory);
  }

 private:
  static ExcludePlace place_of(const VolumeName& volume) {
    return {.roots = {host_path(volume)}, .home = "", .noun = "pattern"};
  }

  ExcludeRules rules_;
  std::string own_name_;
};

bool same_content(const Entry& a, const Entry& b) {
  return a.type == b.type && a.left_out == b.left_out && a.unsettled == b.unsettled &&
         a.size == b.size && a.content == b.content && a.target == b.target && a.device == b.device;
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
      const PairVisitor visit = [&](const std::string& path, const Entry* newer,
                                    const Entry* older) {
        compare(path, newer, older, snapshot);
        return note_left_out(path, older, snapshot);
      };
      walk_pair(source_, newer_entry_ ? &*newer_entry_ : nullptr, &snapshot.root, visit,
                options_.cancellation);
      newer_entry_ = snapshot.root;
      newer_ = &snapshot;
    } catch (Error& error) {
      error.add_context("snapshot " + snapshot.id.short_hex());
      throw;
    }
  }

  void finish(const VolumeName& volume, FindResult& result) {
    for (auto& [path, history] : histories_) {
      if (history.current) history.versions[*history.current].oldest = newer_;
      result.paths.push_back({volume, path, std::move(history.versions)});
    }
    for (const auto& [path, left_out] : left_out_) {
      result.not_searched.push_back({volume, path, left_out.reason, left_out.newest});
    }
  }

 private:
  struct Gap {
    LeftOut reason;
    const Snapshot* newest;
  };

  // Whether to go on below `path`.
  bool note_left_out(const std::string& path, const Entry* entry, const Snapshot& snapshot) {
    if (!path.empty() && !query_.may_match_below(path)) return false;
    if (entry != nullptr && entry->type == EntryType::Directory &&
        entry->left_out != LeftOut::None) {
      left_out_.try_emplace(path, Gap{entry->left_out, &snapshot});
    }
    return true;
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
  std::map<std::string, Gap> left_out_;
};

}  // namespace

FindResult find(const std::vector<Snapshot>& snapshots, std::string_view pattern,
                ObjectSource& source, const FindOptions& options) {
  std::map<VolumeName, std::vector<const Snapshot*>> volumes;
  for (const Snapshot& snapshot : snapshots) volumes[snapshot.volume].push_back(&snapshot);
  // Bad patterns are refused even where there is nothing to look at.
  const Query checked(pattern, {});
  FindResult result;
  for (auto& [volume, of_volume] : volumes) {
    const Query query(pattern, volume);
    VolumeSearch search(query, source, options);
    for (auto each = of_volume.rbegin(); each != of_volume.rend(); ++each) search.add(**each);
    search.finish(volume, result);
  }
  return result;
}

}  // namespace snapferry::tree
