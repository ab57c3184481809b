#include "tree/restore/limitations.h"

#include <utility>

namespace snapferry::tree {
namespace {

constexpr std::size_t kNamed = 3;

}  // namespace

void Limitations::add(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (texts_.find(text) == texts_.end()) texts_.emplace(text, Concerned{});
}

void Limitations::add(std::string_view reason, std::string_view path) {
  const std::lock_guard lock(mutex_);
  auto found = texts_.find(reason);
  if (found == texts_.end()) found = texts_.emplace(reason, Concerned{}).first;
  Concerned& concerned = found->second;
  ++concerned.count;
  if (concerned.first.size() < kNamed) concerned.first.emplace_back(path.empty() ? "." : path);
}

std::vector<std::string> Limitations::take() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const auto& [text, concerned] : texts_) {
    std::string line = text;
    if (concerned.count > 0) {
      line +=
          " (" + std::to_string(concerned.count) + (concerned.count == 1 ? " path: " : " paths: ");
      for (std::size_t i = 0; i < concerned.first.size(); ++i) {
        line += (i > 0 ? ", " : "") + concerned.first[i];
      }
      line += concerned.count > concerned.first.size() ? ", ...)" : ")";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace snapferry::tree
