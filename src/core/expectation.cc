#include "core/expectation.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/error.h"
#include "core/volume_pattern.h"

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
  if (name.empty() || name.size() > kLongestExpected) return std::nullopt;
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

std::size_t count_of(const std::map<std::string, std::set<std::string>>& awaited) {
  std::size_t count = 0;
  for (const auto& [set, names] : awaited) count += names.size();
  return count;
}

bool is_keepable(const std::string& name) {
  return !name.empty() && name.size() <= kLongestExpected;
}

void add_awaited(HostExpectations& host, const std::string& set, const std::string& name) {
  if (is_keepable(name) && count_of(host.awaited) < kMostExpected) host.awaited[set].insert(name);
}

void add_retired(HostExpectations& host, const std::string& name, const Arrival& arrival) {
  if (!is_keepable(name)) return;
  if (host.retired.contains(name) || host.retired.size() < kMostExpected) {
    host.retired[name] = arrival;
  }
}

void remove_awaited(HostExpectations& host, const std::string& set, const std::string& name) {
  const auto found = host.awaited.find(set);
  if (found == host.awaited.end()) return;
  found->second.erase(name);
  if (found->second.empty()) host.awaited.erase(found);
}

void read_entry(std::string_view entry, HostExpectations& host) {
  const auto kind = cut(entry, ' ');
  if (kind == "a") {
    const auto set = unescaped(cut(entry, ' '));
    const auto name = unescaped(entry);
    if (set && name) add_awaited(host, *set, *name);
  } else if (kind == "r") {
    Arrival arrival;
    const bool order = read(cut(entry, ' '), arrival.order);
    const bool unchanged = read(cut(entry, ' '), arrival.unchanged);
    const auto name = unescaped(entry);
    if (order && unchanged && name) add_retired(host, *name, arrival);
  }
}

}  // namespace

HostExpectations changed(HostExpectations before, const ExpectationChange& change) {
  for (const auto& name : change.arrived) {
    remove_awaited(before, change.set, name);
    before.retired.erase(name);
  }
  for (const auto& name : change.settled) remove_awaited(before, change.set, name);
  for (const auto& name : change.missing) add_awaited(before, change.set, name);
  for (const auto& name : change.expect_again) before.retired.erase(name);
  for (const auto& [name, arrival] : change.retire) add_retired(before, name, arrival);
  return before;
}

ExpectationChange reduced(ExpectationChange change, const HostExpectations& before) {
  const auto set = before.awaited.find(change.set);
  const auto is_awaited = [&](const std::string& name) {
    return set != before.awaited.end() && set->second.contains(name);
  };
  std::erase_if(change.missing, is_awaited);
  std::erase_if(change.settled, [&](const std::string& name) { return !is_awaited(name); });
  std::erase_if(change.arrived, [&](const std::string& name) {
    return !is_awaited(name) && !before.retired.contains(name);
  });
  return change;
}

HostExpectations merged(HostExpectations one, const HostExpectations& other) {
  for (const auto& [set, names] : other.awaited) {
    for (const auto& name : names) add_awaited(one, set, name);
  }
  for (const auto& [name, arrival] : other.retired) {
    const auto found = one.retired.find(name);
    // Retired again, it had come further.
    if (found == one.retired.end() || is_still_retired(arrival, found->second)) {
      add_retired(one, name, arrival);
    }
  }
  return one;
}

bool is_still_retired(const Arrival& retired, const Arrival& now) {
  return now.order <= retired.order && now.unchanged <= retired.unchanged;
}

bool is_awaited_as(std::string_view awaited, std::string_view path) {
  if (awaited == path) return true;
  if (!awaited.starts_with("zfs:") && !awaited.starts_with("btrfs:")) return false;
  try {
    return VolumePattern::parse(awaited).matches(path);
  } catch (const Error&) {
    return false;
  }
}

std::string encode_expectations(const HostExpectations& expectations) {
  return encode_expectations(expectations, std::string::npos);
}

std::string encode_expectations(const HostExpectations& expectations, std::size_t most) {
  std::string text;
  const auto add = [&](const std::string& entry) {
    const std::size_t size = text.size() + (text.empty() ? 0 : 1) + entry.size();
    if (size > most) return;
    if (!text.empty()) text += ';';
    text += entry;
  };
  for (const auto& [name, arrival] : expectations.retired) {
    add("r " + std::to_string(arrival.order) + ' ' + std::to_string(arrival.unchanged) + ' ' +
        escaped(name));
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
