#include "tree/query/restore_choice.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/tree_reader.h"
#include "core/volume_path.h"
#include "tree/exclude_pattern.h"
#include "tree/query/pair_walk.h"

namespace snapferry::tree {
namespace {

// Whether `rules` match `path`, or a directory that leads to it.
bool matches_on_the_way(const ExcludeRules& rules, std::string_view path, bool is_directory) {
  for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    if (rules.excludes(path.substr(0, slash), true)) return true;
  }
  return !path.empty() && rules.excludes(path, is_directory);
}

class Chooser {
 public:
  Chooser(const Snapshot& snapshot, const RestoreWish& wish, ObjectSource& source,
          const Cancellation* cancellation)
      : snapshot_(snapshot),
        wish_(wish),
        source_(source),
        cancellation_(cancellation),
        reader_(source) {}

  RestoreChoice choose() {
    if (wish_.paths.empty() && wish_.includes.empty()) return {};
    if (wish_.paths.empty()) narrow("", snapshot_.root);
    for (const std::string& path : wish_.paths) choose_path(path);
    if (chosen_.empty()) nothing_left();
    // The root is everything.
    if (chosen_.contains("")) chosen_.clear();
    return {{chosen_.begin(), chosen_.end()}, std::move(left_out_)};
  }

 private:
  void choose_path(const std::string& path) {
    if (const auto entry = reader_.resolve(snapshot_.root, path)) {
      if (entry->left_out != LeftOut::None) throw LeftOutError(path, *entry);
      return narrow(tidy_path(path), *entry);
    }
    if (!has_wildcard(path)) {
      throw Error(ErrorKind::NotFound,
                  path + ": is not in the snapshot; list what is with 'snapferry ls'");
    }
    const ExcludeRules rules({{(path.starts_with('/') ? "" : "/") + path, {}}},
                             {.roots = {host_path(snapshot_.volume)}, .noun = "path"});
    std::size_t found = 0;
    walk("", snapshot_.root, rules, [&](const std::string& match, const Entry& entry) {
      ++found;
      narrow(match, entry);
    });
    if (found == 0 && left_out_.groups().empty()) {
      throw Error(ErrorKind::NotFound,
                  path +
                      ": matches nothing in the snapshot; list what is there with "
                      "'snapferry ls'");
    }
  }

  // Chooses what the patterns leave of `path`.
  void narrow(const std::string& path, const Entry& entry) {
    const bool directory = entry.type == EntryType::Directory;
    if (matches_on_the_way(wish_.excludes, path, directory)) return;
    if (wish_.includes.empty() || matches_on_the_way(wish_.includes, path, directory)) {
      chosen_.insert(path);
      return;
    }
    walk(path, entry, wish_.includes,
         [&](const std::string& match, const Entry&) { chosen_.insert(match); });
  }

  // Calls `visit` for what `rules` match below `start`, and not for what is below that.
  template <typename Visit>
  void walk(const std::string& start, const Entry& from, const ExcludeRules& rules, Visit visit) {
    const PairVisitor each = [&](const std::string& below, const Entry*, const Entry* entry) {
      if (below.empty()) return true;
      const std::string path = start.empty() ? below : start + "/" + below;
      const bool directory = entry->type == EntryType::Directory;
      if (wish_.excludes.excludes(path, directory)) return false;
      const bool matches = rules.excludes(path, directory);
      const bool leads_there = directory && rules.may_match_below(path);
      if (entry->left_out != LeftOut::None) {
        if (matches || leads_there) left_out_.add(entry->left_out, path);
        return false;
      }
      if (matches) visit(path, *entry);
      return !matches && leads_there;
    };
    walk_pair(source_, nullptr, &from, each, cancellation_);
  }

  [[noreturn]] void nothing_left() const {
    for (const auto& [reason, group] : left_out_.groups()) {
      if (group.paths.empty()) continue;
      throw Error(ErrorKind::NotFound,
                  *group.paths.begin() + ": was left out of snapshot " + snapshot_.id.short_hex() +
                      " (" + std::string(reason_text(reason)) +
                      "), and nothing else may match; look for it in others with "
                      "'snapferry find'");
    }
    throw Error(ErrorKind::NotFound, "snapshot " + snapshot_.id.short_hex() +
                                         ": holds nothing that was asked for; look for it with "
                                         "'snapferry ls -R' or 'snapferry find'");
  }

  const Snapshot& snapshot_;
  const RestoreWish& wish_;
  ObjectSource& source_;
  const Cancellation* cancellation_;
  const TreeReader reader_;
  std::set<std::string> chosen_;
  LeftOutSummary left_out_;
};

// A volume that is one file has no paths: it goes by its name.
RestoreChoice choose_file(const Snapshot& snapshot, const RestoreWish& wish) {
  const std::string& path = snapshot.volume.path;
  const std::string name = path.substr(path.find_last_of("/:") + 1);
  const bool included = wish.includes.empty() || wish.includes.excludes(name, false);
  if (included && !wish.excludes.excludes(name, false)) return {wish.paths, {}};
  throw Error(ErrorKind::NotFound, name +
                                       ": is all that the snapshot holds, and was not asked "
                                       "for; leave out the patterns");
}

}  // namespace

RestoreChoice choose_restore(const Snapshot& snapshot, const RestoreWish& wish,
                             ObjectSource& source, const Cancellation* cancellation) {
  if (snapshot.root.type != EntryType::Directory) return choose_file(snapshot, wish);
  return Chooser(snapshot, wish, source, cancellation).choose();
}

}  // namespace snapferry::tree
