#include "core/snapshot_view.h"

#include <algorithm>

#include "core/tree_node.h"

namespace snapferry {

bool is_view_path(std::string_view path) {
  if (path.empty()) return true;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (!is_valid_name(path.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return true;
}

std::string view_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty()) path += '/';
  return path.append(name);
}

}  // namespace snapferry
