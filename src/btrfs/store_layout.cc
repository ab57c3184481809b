#include "btrfs/store_layout.h"

#include <array>

#include <sodium.h>
#include <unistd.h>

#include "btrfs/lineage.h"
#include "btrfs/source.h"
#include "core/bytes.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::string_view kStoreKind = "btrfs:";
constexpr std::string_view kUnchangedPrefix = ".unchanged-";
constexpr std::string_view kUnchangedSuffix = ".json";

std::string long_name(const std::string& encoded) {
  constexpr std::size_t kTail = 120;
  std::array<std::uint8_t, 32> hash{};
  crypto_generichash(hash.data(), hash.size(),
                     reinterpret_cast<const unsigned char*>(encoded.data()), encoded.size(),
                     nullptr, 0);
  auto begin = encoded.size() - kTail;
  while (begin < encoded.size() && (static_cast<unsigned char>(encoded[begin]) & 0xc0) == 0x80) {
    ++begin;  // not within a character of UTF-8
  }
  return "%~" + to_hex(hash) + "~" + encoded.substr(begin);
}

std::string checked(std::string name, const std::string& subject) {
  if (!name.empty() && name.size() <= kLongestName && name.find('\0') == name.npos) return name;
  throw Error(ErrorKind::InvalidArgument,
              subject + ": cannot be a name in a btrfs store, which has 1 to 255 bytes");
}

}  // namespace

std::string StoreLayout::directory_of(std::string path) {
  if (!path.starts_with('/')) {
    throw Error(ErrorKind::InvalidArgument,
                path + ": is no absolute path; give one such as btrfs:/mnt/backup/snapferry");
  }
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string StoreLayout::host_name(const std::string& host) {
  return checked(escape_path(host), "the host '" + host + "'");
}

std::string StoreLayout::volume_name(const VolumeName& volume) {
  const auto path = path_of_volume(volume.path);
  auto name = escape_path(path == "/" ? path : path.substr(1));
  return name.size() <= kLongestName ? name : long_name(name);
}

std::optional<std::string> StoreLayout::host_of(const std::string& name) {
  if (name.starts_with('.')) return std::nullopt;
  return unescape_path(name);
}

std::optional<VolumeName> StoreLayout::volume_of(const std::string& host, const std::string& name) {
  if (name.starts_with('.')) return std::nullopt;
  const auto path = unescape_path(name);
  if (!path) return std::nullopt;
  return VolumeName{host, std::string(kStoreKind) + (*path == "/" ? "" : "/") + *path};
}

std::string StoreLayout::unchanged_name(const std::string& set) {
  return checked(std::string(kUnchangedPrefix) + escape_path(set) + std::string(kUnchangedSuffix),
                 "the set '" + set + "'");
}

std::optional<std::string> StoreLayout::set_of_unchanged(const std::string& name) {
  if (!name.starts_with(kUnchangedPrefix) || !name.ends_with(kUnchangedSuffix) ||
      name.size() <= kUnchangedPrefix.size() + kUnchangedSuffix.size()) {
    return std::nullopt;
  }
  return unescape_path(std::string_view(name).substr(
      kUnchangedPrefix.size(), name.size() - kUnchangedPrefix.size() - kUnchangedSuffix.size()));
}

bool is_store_replica(const std::string& path) {
  auto directory = path;
  for (int level = 0; level < 3; ++level) {
    const auto slash = directory.rfind('/');
    if (slash == directory.npos || directory.empty()) return false;
    directory.resize(slash);
  }
  return ::access((directory + "/" + StoreLayout::kIdentityName).c_str(), F_OK) == 0;
}

}  // namespace snapferry::btrfs
