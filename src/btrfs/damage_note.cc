#include "btrfs/damage_note.h"

#include <cerrno>

#include <unistd.h>

#include "btrfs/private_directory.h"
#include "btrfs/store_layout.h"
#include "core/error.h"

namespace snapferry::btrfs {

std::string encode_damage(const DamageNote& note) {
  std::string text;
  for (const auto& identity : note) text += identity.hex() + "\n";
  return text;
}

DamageNote decode_damage(std::string_view text) {
  DamageNote note;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (const auto identity = Guid::from_hex(text.substr(0, end))) note.insert(*identity);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return note;
}

DamageNote read_damage(int replica, const std::string& path) {
  const std::string name = StoreLayout::kDamageName;
  return decode_damage(read_small_file(replica, name, path + "/" + name));
}

void write_damage(int replica, const DamageNote& note, const std::string& path) {
  if (read_damage(replica, path) == note) return;
  const std::string name = StoreLayout::kDamageName;
  if (!note.empty()) {
    return replace_small_file(replica, name, encode_damage(note), path + "/" + name);
  }
  if (::unlinkat(replica, name.c_str(), 0) != 0 && errno != ENOENT) {
    throw system_error(errno, "remove it", path + "/" + name);
  }
}

}  // namespace snapferry::btrfs
