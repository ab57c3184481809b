#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace snapferry::tree {

// Patterns as in gitignore(5): "*", "?", "[a-z]", "**", a leading or inner slash
// anchors at the root of the volume, a trailing slash means directories only, "!"
// takes back, the last match decides, "#" begins a comment line, "\" quotes. A file
// below an excluded directory cannot be taken back. Bytes are compared, not
// characters. Immutable; safe from several threads.
class ExcludeRules {
 public:
  ExcludeRules() = default;
  // Throws InvalidArgument naming the pattern and what is wrong with it.
  explicit ExcludeRules(const std::vector<std::string>& patterns);

  bool empty() const { return rules_.empty(); }

  // Whether the entry itself is excluded; the caller does not descend into excluded
  // directories, so parents were asked before. `path` is relative to the volume,
  // without a leading slash.
  bool excludes(std::string_view path, bool is_directory) const;

 private:
  struct Rule {
    std::string pattern;
    bool negated = false;
    bool directories_only = false;
    bool anchored = false;  // match the whole path, else any last part
  };
  std::vector<Rule> rules_;
};

// The lines of an exclude file; comments and empty lines are left to ExcludeRules.
std::vector<std::string> read_exclude_file(const std::string& path);

}  // namespace snapferry::tree
