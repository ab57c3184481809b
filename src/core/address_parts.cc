#include "core/address_parts.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/volume_kind.h"

namespace snapferry {
namespace {

constexpr std::array<std::string_view, 4> kKinds = {"zfs", "btrfs", "tree", "repo"};

[[noreturn]] void refuse_address(std::string_view text, std::string_view cause) {
  throw Error(ErrorKind::InvalidArgument,
              std::string(text) + ": " + std::string(cause) +
                  "; an address is [[USER@]HOST:]KIND:NAME with KIND zfs, btrfs, tree or repo, "
                  "or a path");
}

// Where the remote part ends: the first colon before any slash, outside brackets.
std::size_t first_colon(std::string_view text) {
  bool bracketed = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[') bracketed = true;
    if (text[i] == ']') bracketed = false;
    if (text[i] == '/' && !bracketed) break;
    if (text[i] == ':' && !bracketed) return i;
  }
  return std::string_view::npos;
}

// Takes a kind and its colon off the front of `rest`; empty where none is there.
std::string_view take_kind(std::string_view& rest) {
  const auto colon = first_colon(rest);
  if (colon == rest.npos) return {};
  const auto word = rest.substr(0, colon);
  if (std::ranges::find(kKinds, word) == kKinds.end()) return {};
  rest.remove_prefix(colon + 1);
  return word;
}

// `text` in its parts, which nobody has looked at. Views into it.
struct RawParts {
  bool has_remote = false;
  std::string_view remote, kind, name;
};

RawParts split(std::string_view text) {
  RawParts parts;
  parts.name = text;
  parts.kind = take_kind(parts.name);
  if (!parts.kind.empty()) return parts;
  const auto colon = first_colon(parts.name);
  if (colon == text.npos) return parts;
  parts.has_remote = true;
  parts.remote = text.substr(0, colon);
  parts.name.remove_prefix(colon + 1);
  parts.kind = take_kind(parts.name);
  return parts;
}

void check_remote(std::string_view text, std::string_view remote) {
  if (remote.empty()) refuse_address(text, "names no host before the colon");
  if (remote.front() == '-') refuse_address(text, "the host begins with '-'");
  const bool printable = std::all_of(remote.begin(), remote.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
  });
  if (!printable) refuse_address(text, "the host holds a blank or a control character");
  if (remote.back() == '@') refuse_address(text, "names no host behind the '@'");
}

// zfs(8), "Naming": letters, digits and "-_.: " in parts; '*' and '?' are those of patterns.
void check_zfs_name(std::string_view text, std::string_view name) {
  const bool allowed = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-_.:/ *?").find(c) != std::string_view::npos;
  });
  if (!allowed) refuse_address(text, "holds a character that no ZFS name has");
  if (name.front() == '/' || name.front() == '-' || name.back() == '/') {
    refuse_address(text, "is no name of a ZFS dataset");
  }
}

void check_name(std::string_view text, const RawParts& parts) {
  if (parts.name.empty()) refuse_address(text, "has an empty name");
  if (parts.name.find('\0') != parts.name.npos) refuse_address(text, "holds a NUL byte");
  const auto native = find_native_kind(parts.kind);
  if (native == VolumeKind::Zfs) check_zfs_name(text, parts.name);
  if (native == VolumeKind::Btrfs && parts.name.front() != '/') {
    refuse_address(text, "a btrfs volume is named by its absolute path");
  }
  if (parts.has_remote && parts.kind.empty() && parts.name.front() != '/') {
    refuse_address(text, "is neither a kind and a name nor an absolute path on that host");
  }
}

}  // namespace

AddressParts AddressParts::parse(std::string_view text) {
  const RawParts parts = split(text);
  if (parts.has_remote) check_remote(text, parts.remote);
  check_name(text, parts);
  return {std::string(parts.remote), std::string(parts.kind), std::string(parts.name)};
}

bool is_native_address(std::string_view text) {
  return find_native_kind(split(text).kind).has_value();
}

std::string host_of_remote(std::string_view remote) {
  const auto at = remote.rfind('@');
  return std::string(at == remote.npos ? remote : remote.substr(at + 1));
}

std::string address_text(std::string_view remote, std::string_view local) {
  return remote.empty() ? std::string(local) : std::string(remote) + ":" + std::string(local);
}

bool looks_like_address(std::string_view path) { return first_colon(path) != path.npos; }

}  // namespace snapferry
