#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace snapferry {

// The name of a replica that was set aside (Store::set_aside):
//
//   aside := PATH ".diverged-" WHEN         WHEN: a number or a time, a digit first
//
// With zeros alone it is a replica on its way to another name (replication/moves.h).
// A volume whose own name looks so is taken for one, too; nothing is ever destroyed for that.
inline constexpr std::string_view kAsideMark = ".diverged-";

// The PATH of such a name; nullopt for any other.
inline std::optional<std::string> path_before_aside(std::string_view path) {
  const auto mark = path.rfind(kAsideMark);
  if (mark == std::string_view::npos || mark == 0) return std::nullopt;
  const auto when = path.substr(mark + kAsideMark.size());
  if (when.empty() || when.front() < '0' || when.front() > '9') return std::nullopt;
  if (when.find('/') != std::string_view::npos) return std::nullopt;
  return std::string(path.substr(0, mark));
}

}  // namespace snapferry
