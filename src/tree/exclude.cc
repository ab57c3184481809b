#include "tree/exclude.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "platform/fd.h"
#include "tree/exclude_pattern.h"
#include "tree/glob.h"

namespace snapferry::tree {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;
constexpr std::size_t kMaxExcludeFileSize = 16u << 20;

// Trailing blanks do not count unless quoted.
std::string_view without_trailing_blanks(std::string_view line) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ' ' || line[i] == '\t') continue;
    if (line[i] == '\\' && i + 1 < line.size()) ++i;
    end = i + 1;
  }
  return line.substr(0, end);
}

bool is_pattern(std::string_view line) {
  line = without_trailing_blanks(line);
  return !line.empty() && line.front() != '#';
}

std::vector<ExcludePattern> without_comments(const std::vector<std::string>& lines) {
  std::vector<ExcludePattern> patterns;
  for (const std::string& line : lines) {
    if (is_pattern(line)) patterns.push_back({line, {}});
  }
  return patterns;
}

}  // namespace

ExcludeRules::ExcludeRules(const std::vector<std::string>& patterns)
    : ExcludeRules(without_comments(patterns), {}) {}

ExcludeRules::ExcludeRules(const std::vector<ExcludePattern>& patterns, const ExcludePlace& place)
    : given_(patterns),
      noun_(place.noun),
      used_(std::make_shared<std::vector<std::atomic<bool>>>(patterns.size())) {
  for (std::size_t i = 0; i < patterns.size(); ++i) add_given(patterns[i], i, place);
}

std::string ExcludeRules::name_of(const ExcludePattern& pattern) const {
  return (pattern.source.empty() ? "" : pattern.source + ": ") + noun_ + " \"" + pattern.text +
         "\"";
}

void ExcludeRules::add_given(const ExcludePattern& given, std::size_t index,
                             const ExcludePlace& place) {
  const auto refuse = [&](std::string_view cause) {
    throw Error(ErrorKind::InvalidArgument, name_of(given) + ": " + std::string(cause));
  };
  std::string_view text = without_trailing_blanks(given.text);
  const bool negated = text.starts_with('!');
  if (negated) text.remove_prefix(1);
  if (text.empty()) refuse("names nothing; leave it out");
  std::string pattern;
  try {
    pattern = normal_pattern(text, place.home);
  } catch (const HopelessPattern& hopeless) {
    refuse(hopeless.cause);
  }
  const std::string_view flaw =
      why_no_glob(std::string_view(pattern).substr(0, pattern.size() - pattern.ends_with('/')));
  if (!flaw.empty()) refuse(flaw);
  add(pattern, negated, index);
  for (const std::string& root : place.roots) {
    if (const auto below = below_root(pattern, root)) add(*below, negated, index);
  }
}

void ExcludeRules::add(std::string_view pattern, bool negated, std::size_t given) {
  Rule rule;
  rule.negated = negated;
  rule.given = given;
  rule.directories_only = pattern.ends_with('/');
  if (rule.directories_only) pattern.remove_suffix(1);
  rule.anchored = pattern.find('/') != kNowhere;
  if (pattern.starts_with('/')) pattern.remove_prefix(1);
  rule.pattern = pattern;
  rules_.push_back(std::move(rule));
}

const ExcludeRules::Rule* ExcludeRules::deciding_rule(std::string_view path,
                                                      bool is_directory) const {
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == kNowhere ? path : path.substr(slash + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->directories_only && !is_directory) continue;
    if (glob_matches(rule->pattern, rule->anchored ? path : name)) return &*rule;
  }
  return nullptr;
}

bool ExcludeRules::excludes(std::string_view path, bool is_directory) const {
  const Rule* rule = deciding_rule(path, is_directory);
  if (rule == nullptr) return false;
  // Written once: what all threads write to is slow.
  std::atomic<bool>& used = (*used_)[rule->given];
  if (!used.load(std::memory_order_relaxed)) used.store(true, std::memory_order_relaxed);
  return !rule->negated;
}

bool ExcludeRules::may_match_below(std::string_view directory) const {
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    if (rule.negated) return false;
    return !rule.anchored || tree::may_match_below(rule.pattern, directory);
  });
}

std::vector<std::string> ExcludeRules::texts() const {
  std::vector<std::string> texts;
  for (const ExcludePattern& pattern : given_) texts.push_back(pattern.text);
  return texts;
}

std::vector<std::size_t> ExcludeRules::unused() const {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < given_.size(); ++i) {
    if (!(*used_)[i]) indices.push_back(i);
  }
  return indices;
}

// "!/a/b" below an excluded "/a".
std::string ExcludeRules::warning_about(const Rule& rule) const {
  if (!rule.negated || !rule.anchored) return {};
  const std::string_view fixed =
      std::string_view(rule.pattern).substr(0, rule.pattern.find_first_of("*?[\\"));
  for (std::size_t slash = fixed.find('/'); slash != kNowhere; slash = fixed.find('/', slash + 1)) {
    const std::string_view above = fixed.substr(0, slash);
    const Rule* decides = deciding_rule(above, true);
    if (decides == nullptr || decides->negated) continue;
    return name_of(given_[rule.given]) + ": takes nothing back, because " +
           name_of(given_[decides->given]) + " leaves out the directory above; write \"/" +
           std::string(above) + "/*\" instead of that";
  }
  return {};
}

std::vector<std::string> ExcludeRules::warnings() const {
  std::vector<std::string> warnings;
  for (const Rule& rule : rules_) {
    if (std::string warning = warning_about(rule); !warning.empty()) {
      warnings.push_back(std::move(warning));
    }
  }
  return warnings;
}

std::vector<ExcludePattern> read_exclude_file(const std::string& path) {
  const Bytes bytes = platform::read_file(path, kMaxExcludeFileSize);
  std::string_view rest = as_text(bytes);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  std::vector<ExcludePattern> patterns;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == kNowhere ? std::string_view() : rest.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (is_pattern(line)) {
      patterns.push_back({std::string(line), path + ":" + std::to_string(number)});
    }
  }
  return patterns;
}

}  // namespace snapferry::tree
