#include "btrfs/unchanged_note.h"

#include <nlohmann/json.hpp>

namespace snapferry::btrfs {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

bool is_plain(unsigned char byte) { return byte > 0x20 && byte < 0x7f && byte != '%'; }

std::string to_key(std::string_view name) {
  std::string key;
  for (const char character : name) {
    const auto byte = static_cast<unsigned char>(character);
    if (is_plain(byte)) {
      key += character;
    } else {
      key += '%';
      key += kDigits[byte >> 4];
      key += kDigits[byte & 15];
    }
  }
  return key;
}

std::string from_key(std::string_view key) {
  std::string name;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '%' && i + 2 < key.size()) {
      const auto high = kDigits.find(key[i + 1]), low = kDigits.find(key[i + 2]);
      if (high != kDigits.npos && low != kDigits.npos) {
        name += static_cast<char>(high << 4 | low);
        i += 2;
        continue;
      }
    }
    name += key[i];
  }
  return name;
}

}  // namespace

std::string encode_unchanged(const UnchangedNote& note) {
  auto object = nlohmann::json::object();
  for (const auto& [name, found] : note) {
    object[to_key(name)] = nlohmann::json::array({found.time, found.since.hex()});
  }
  return object.dump(1) + "\n";
}

UnchangedNote decode_unchanged(std::string_view text) {
  UnchangedNote note;
  const auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) return note;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_array() || value.size() != 2 || !value[0].is_number_integer()) continue;
    if (!value[1].is_string()) continue;
    const auto since = Guid::from_hex(value[1].get_ref<const std::string&>());
    if (since) note[from_key(key)] = {value[0].get<std::int64_t>(), *since};
  }
  return note;
}

}  // namespace snapferry::btrfs
