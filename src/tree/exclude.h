#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry::tree {

// A pattern, and where it was written for messages: "excludes:12", or empty for the command line.
struct ExcludePattern {
  std::string text;
  std::string source;
};

// What patterns may refer to beside the volume itself.
struct ExcludePlace {
  // Absolute paths by which the volume is known; what is named by its full path is compared below
  // each of them.
  std::vector<std::string> roots;
  std::string home = {};                 // what "~" means; empty: nothing
  std::string noun = "exclude pattern";  // what messages call a pattern
};

// Patterns as in gitignore(5): "*", "?", "[a-z]", "**", a leading or inner slash
// anchors at the root of the volume, a trailing slash means directories only, "!"
// takes back, the last match decides, "#" begins a comment line, "\" quotes. A file
// below an excluded directory cannot be taken back. Beyond gitignore, a leading slash also begins a
// full path of something below the volume, "~/" is the home directory, and "./", "//" and "..",
// which no path of a volume holds, mean what they mean in a path (tree/exclude_pattern.h).
// Immutable but for what unused() tells; safe from several threads.
class ExcludeRules {
 public:
  ExcludeRules() = default;
  // Comments and empty lines are left out. Throws InvalidArgument naming the pattern and its
  // source, and what is wrong with it.
  explicit ExcludeRules(const std::vector<std::string>& patterns);
  ExcludeRules(const std::vector<ExcludePattern>& patterns, const ExcludePlace& place);

  bool empty() const { return rules_.empty(); }

  // Whether the entry itself is excluded; the caller does not descend into excluded
  // directories, so parents were asked before. `path` is relative to the volume,
  // without a leading slash.
  bool excludes(std::string_view path, bool is_directory) const;

  // Whether a pattern may match anything below `directory`, a path as excludes() takes it. False
  // lets a search pass the directory by.
  bool may_match_below(std::string_view directory) const;

  // The patterns as they were given.
  std::vector<std::string> texts() const;

  // Indices of the patterns that decided nothing so far.
  std::vector<std::size_t> unused() const;

  // What has no effect, whatever the volume holds, in words: "!" below what is excluded.
  std::vector<std::string> warnings() const;

 private:
  struct Rule {
    std::string pattern;
    bool negated = false;
    bool directories_only = false;
    bool anchored = false;  // match the whole path, else any last part
    std::size_t given = 0;  // index of the pattern that it came from
  };
  void add(std::string_view pattern, bool negated, std::size_t given);
  void add_given(const ExcludePattern& given, std::size_t index, const ExcludePlace& place);
  const Rule* deciding_rule(std::string_view path, bool is_directory) const;
  std::string warning_about(const Rule& rule) const;

  std::string name_of(const ExcludePattern& pattern) const;

  std::vector<Rule> rules_;
  std::vector<ExcludePattern> given_;
  std::string noun_;
  // Shared by copies: what one of them used is used.
  std::shared_ptr<std::vector<std::atomic<bool>>> used_;
};

// The patterns of an exclude file, which are its lines without comments and empty ones.
std::vector<ExcludePattern> read_exclude_file(const std::string& path);

}  // namespace snapferry::tree
