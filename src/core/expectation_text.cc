#include <charconv>
#include <optional>
#include <utility>

#include "core/expectation.h"

namespace snapferry {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

bool is_plain(unsigned char byte) {
  return byte > 0x20 && byte < 0x7f && byte != '%' && byte != ';';
}

std::string escaped(std::string_view name) {
  std::string text;
  for (const char character : name) {
    const auto byte = static_cast<unsigned char>(character);
    if (is_plain(byte)) {
      text += character;
    } else {
      text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      name += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = kDigits.find(text[i + 1]), low = kDigits.find(text[i + 2]);
    if (high == kDigits.npos || low == kDigits.npos) return std::nullopt;
    name += static_cast<char>(high << 4 | low);
    i += 2;
  }
  if (name.size() > kLongestExpected) return std::nullopt;
  return name;
}

// Cuts what stands before `delimiter` off `rest`; all of it if there is none.
std::string_view cut(std::string_view& rest, char delimiter) {
  const auto end = rest.find(delimiter);
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return part;
}

template <typename Number>
bool read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_id(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  return text.size() <= kLongest && text.find_first_not_of("0123456789abcdef") == text.npos;
}

void read_entry(std::string_view entry, HostExpectations& host) {
  const auto kind = cut(entry, ' ');
  if (kind == "f") host.full = true;
  if (kind != "a" && kind != "r") return;
  const auto set = unescaped(cut(entry, ' '));
  if (kind == "a") {
    const auto name = unescaped(entry);
    if (set && name && !set->empty() && !name->empty()) host.awaited[*set].insert(*name);
    return;
  }
  Arrival arrival;
  arrival.newest = cut(entry, ' ');
  const bool unchanged = read(cut(entry, ' '), arrival.unchanged);
  const auto name = unescaped(entry);
  if (!set || !name || name->empty() || !unchanged || !is_id(arrival.newest)) return;
  host.retired[*set][*name] = std::move(arrival);
}

}  // namespace

std::string encode_expectations(const HostExpectations& expectations) {
  std::string text;
  const auto add = [&](const std::string& entry) {
    if (!text.empty()) text += ';';
    text += entry;
  };
  if (expectations.full) add("f");
  for (const auto& [set, names] : expectations.retired) {
    for (const auto& [name, arrival] : names) {
      add("r " + escaped(set) + ' ' + arrival.newest + ' ' + std::to_string(arrival.unchanged) +
          ' ' + escaped(name));
    }
  }
  for (const auto& [set, names] : expectations.awaited) {
    for (const auto& name : names) add("a " + escaped(set) + ' ' + escaped(name));
  }
  return text;
}

HostExpectations decode_expectations(std::string_view text) {
  HostExpectations host;
  while (!text.empty()) read_entry(cut(text, ';'), host);
  return host;
}

}  // namespace snapferry
