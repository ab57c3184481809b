#include "view/directory_numbers.h"

#include <functional>
#include <utility>

namespace snapferry::view {

std::uint32_t DirectoryNumbers::add(std::uint32_t parent, std::string_view name) {
  const auto number = static_cast<std::uint32_t>(directories_.size());
  directories_.push_back({parent, static_cast<std::uint32_t>(name.size()), names_.size()});
  names_ += name;
  return number;
}

std::uint32_t DirectoryNumbers::add_root() { return add(kNone, {}); }

std::uint32_t DirectoryNumbers::number(std::uint32_t parent, std::string_view name) {
  const std::size_t found = slot(parent, name);
  if (slots_[found] != kNone) return slots_[found];
  const std::uint32_t number = add(parent, name);
  slots_[found] = number;
  if (directories_.size() * 2 > slots_.size()) grow();
  return number;
}

std::size_t DirectoryNumbers::slot(std::uint32_t parent, std::string_view name) const {
  const std::uint64_t mixed =
      (std::hash<std::string_view>{}(name) + parent) * std::uint64_t{0x9e3779b97f4a7c15};
  std::size_t at = mixed >> 20 & (slots_.size() - 1);
  while (slots_[at] != kNone &&
         (directories_[slots_[at]].parent != parent || view(slots_[at]) != name)) {
    at = (at + 1) & (slots_.size() - 1);
  }
  return at;
}

void DirectoryNumbers::grow() {
  slots_ = std::vector<std::uint32_t>(slots_.size() * 2, kNone);
  for (std::uint32_t number = 0; number < directories_.size(); ++number) {
    if (parent(number) != kNone) slots_[slot(parent(number), view(number))] = number;
  }
}

std::uint32_t DirectoryNumbers::root_of(std::uint32_t number) const {
  while (parent(number) != kNone) number = parent(number);
  return number;
}

std::string DirectoryNumbers::path(std::uint32_t number) const {
  std::vector<std::string_view> parts;
  for (; parent(number) != kNone; number = parent(number)) parts.push_back(view(number));
  std::string path;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (!path.empty()) path += '/';
    path += *part;
  }
  return path;
}

}  // namespace snapferry::view
