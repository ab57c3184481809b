#include "btrfs/place_note.h"

#include "btrfs/private_directory.h"
#include "btrfs/store_layout.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

bool is_name_of(const std::string& name, const std::string& host, const std::string& volume) {
  try {
    return StoreLayout::volume_name({host, volume}) == name;
  } catch (const Error&) {
    return false;  // no volume of btrfs
  }
}

}  // namespace

std::optional<std::string> read_place(int replica, const std::string& host, const std::string& name,
                                      const std::string& path) {
  const std::string file = StoreLayout::kPlaceName;
  const auto text = read_small_file(replica, file, path + "/" + file);
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\0', begin);
    if (end == text.npos) break;
    auto volume = text.substr(begin, end - begin);
    if (is_name_of(name, host, volume)) return volume;
    begin = end + 1;
  }
  return std::nullopt;
}

void write_place(int replica, const std::vector<std::string>& volumes, const std::string& path) {
  const std::string file = StoreLayout::kPlaceName;
  std::string text;
  for (const auto& volume : volumes) text += volume + '\0';
  const auto subject = path + "/" + file;
  if (read_small_file(replica, file, subject) == text) return;
  replace_small_file(replica, file, text, subject);
}

}  // namespace snapferry::btrfs
