#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "blob/storage.h"
#include "cli/context.h"
#include "repository/repository.h"

namespace snapferry::cli {

// The directory that a STORE names, absolute: of "repo:DIR" or of a bare path. Throws
// Unsupported for stores of other kinds and on other machines, InvalidArgument for an
// empty one.
std::string store_directory(std::string_view address);

// `path` made absolute with the working directory, without "." parts and trailing
// slashes. Where it has ".." parts its parent must exist, and is resolved. The last part
// is not followed. Throws as system_error.
std::string absolute_path(const std::string& path);

// SNAPFERRY_CACHE, else XDG_CACHE_HOME/snapferry, else HOME/.cache/snapferry, else
// /var/cache/snapferry for root; empty for others.
std::string cache_directory(const Io& io, bool is_root);

// A repository that was opened, with what it borrows.
struct OpenStore {
  std::string directory;
  std::string cache;
  std::unique_ptr<blob::Storage> storage;
  std::unique_ptr<repository::Repository> repository;

  // "repo:/srv/backups".
  std::string name() const { return "repo:" + directory; }
};

// The STORE of --store or SNAPFERRY_STORE. Throws InvalidArgument if there is neither.
std::string store_address(const Context& context);

// Opens it. Throws NoSuchStore, WrongPassword, Unsupported, Corrupt.
OpenStore open_store(Context& context);

// The snapshots of the store, oldest first. Damaged manifests are named as warnings and
// set `damaged`, if given.
std::vector<Snapshot> list_snapshots(Context& context, OpenStore& store, bool* damaged = nullptr);

}  // namespace snapferry::cli
