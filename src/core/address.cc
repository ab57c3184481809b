#include "core/address.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"

namespace snapferry {
namespace {

struct KindName {
  AddressKind kind;
  std::string_view name;
};
constexpr std::array kKinds = {
    KindName{AddressKind::Zfs, "zfs"}, KindName{AddressKind::Btrfs, "btrfs"},
    KindName{AddressKind::Tree, "tree"}, KindName{AddressKind::Repository, "repo"}};

[[noreturn]] void refuse_address(std::string_view text, std::string_view cause) {
  throw Error(ErrorKind::InvalidArgument,
              std::string(text) + ": " + std::string(cause) +
                  "; an address is [[USER@]HOST:]KIND:NAME with KIND zfs, btrfs, tree or repo, "
                  "or a path");
}

const KindName* find_kind(std::string_view word) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const KindName& kind) { return kind.name == word; });
  return found == kKinds.end() ? nullptr : found;
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

void check_name(std::string_view text, const Address& address) {
  if (address.name.empty()) refuse_address(text, "has an empty name");
  if (address.name.find('\0') != std::string::npos) refuse_address(text, "holds a NUL byte");
  if (address.kind == AddressKind::Zfs) check_zfs_name(text, address.name);
  if (address.kind == AddressKind::Btrfs && address.name.front() != '/') {
    refuse_address(text, "a btrfs volume is named by its absolute path");
  }
  if (address.is_remote() && address.kind == AddressKind::Path && address.name.front() != '/') {
    refuse_address(text, "is neither a kind and a name nor an absolute path on that host");
  }
}

}  // namespace

bool is_native(AddressKind kind) { return kind == AddressKind::Zfs || kind == AddressKind::Btrfs; }

std::string_view kind_name(AddressKind kind) {
  switch (kind) {
    case AddressKind::Zfs:
      return "zfs";
    case AddressKind::Btrfs:
      return "btrfs";
    case AddressKind::Tree:
      return "tree";
    case AddressKind::Repository:
      return "repo";
    case AddressKind::Path:
      break;
  }
  return "path";
}

std::string Address::host() const {
  const auto at = remote.rfind('@');
  return at == std::string::npos ? remote : remote.substr(at + 1);
}

std::string Address::local_text() const {
  for (const auto& known : kKinds) {
    if (known.kind == kind) return std::string(known.name) + ":" + name;
  }
  return name;
}

std::string Address::text() const {
  return is_remote() ? remote + ":" + local_text() : local_text();
}

Address Address::parse(std::string_view text) {
  Address address;
  std::string_view rest = text;
  auto take_kind = [&] {
    const auto colon = first_colon(rest);
    if (colon == rest.npos) return false;
    const auto* found = find_kind(rest.substr(0, colon));
    if (found == nullptr) return false;
    address.kind = found->kind;
    rest.remove_prefix(colon + 1);
    return true;
  };
  if (!take_kind()) {
    if (const auto colon = first_colon(rest); colon != rest.npos) {
      address.remote = rest.substr(0, colon);
      check_remote(text, address.remote);
      rest.remove_prefix(colon + 1);
      take_kind();
    }
  }
  address.name = rest;
  check_name(text, address);
  return address;
}

}  // namespace snapferry
