#include "zfs/source_record.h"

#include <charconv>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "zfs/property_rules.h"

namespace snapferry::zfs {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

void append_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c > ' ' && c < 0x7f && c != '%' && c != '=') {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      value += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    unsigned byte = 0;
    const char* const end = text.data() + i + 3;
    if (std::from_chars(text.data() + i + 1, end, byte, 16).ptr != end) return std::nullopt;
    value += static_cast<char>(byte);
    i += 2;
  }
  return value;
}

std::string text_of(const VolumeProperties& properties) {
  std::string text;
  for (const auto& [name, value] : properties) {
    if (!text.empty()) text += ' ';
    append_escaped(text, name);
    text += '=';
    append_escaped(text, value);
  }
  return text;
}

std::optional<VolumeProperties> properties_of(std::string_view text) {
  VolumeProperties properties;
  while (!text.empty()) {
    const auto end = text.find(' ');
    const auto entry = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    const auto equals = entry.find('=');
    if (equals == entry.npos) return std::nullopt;
    const auto name = unescaped(entry.substr(0, equals));
    const auto value = unescaped(entry.substr(equals + 1));
    if (!name || name->empty() || !value) return std::nullopt;
    properties[*name] = *value;
  }
  return properties;
}

// FNV-1a as its authors publish it (http://www.isthe.com/chongo/tech/comp/fnv/).
std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

std::string hash_of(const std::string& volume, const std::string& text, std::size_t parts) {
  return fmt::format("{:016x}.{}", fnv1a(volume + '\0' + text), parts);
}

std::string part_property(std::size_t part) {
  return SourceRecord::kHashProperty + ("." + std::to_string(part));
}

VolumeProperties without_user_properties(const VolumeProperties& properties) {
  VolumeProperties native;
  for (const auto& [name, value] : properties) {
    if (!is_user_property(name)) native[name] = value;
  }
  native[SourceRecord::kIncomplete] = "on";
  return native;
}

}  // namespace

SourceRecord::SourceRecord(const std::string& volume, const VolumeProperties& properties) {
  auto text = text_of(properties);
  if (text.size() > kParts * kPartSize) text = text_of(without_user_properties(properties));
  for (std::size_t at = 0; at < text.size(); at += kPartSize) {
    parts_.push_back(text.substr(at, kPartSize));
  }
  hash_ = hash_of(volume, text, parts_.size());
}

std::vector<std::string> SourceRecord::property_names() {
  std::vector<std::string> names = {kHashProperty};
  for (std::size_t part = 0; part < kParts; ++part) names.push_back(part_property(part));
  return names;
}

std::optional<VolumeProperties> SourceRecord::parse(
    const std::string& volume, const std::map<std::string, std::string>& values) {
  const auto hash = values.find(kHashProperty);
  if (hash == values.end()) return std::nullopt;
  std::string text;
  for (std::size_t count = 0; count <= kParts; ++count) {
    if (hash_of(volume, text, count) == hash->second) return properties_of(text);
    const auto part = values.find(part_property(count));
    if (part == values.end()) break;
    text += part->second;
  }
  return std::nullopt;
}

std::vector<std::string> SourceRecord::assignments() const {
  std::vector<std::string> result = {std::string(kHashProperty) + "=" + hash_};
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    result.push_back(part_property(part) + "=" + parts_[part]);
  }
  return result;
}

}  // namespace snapferry::zfs
