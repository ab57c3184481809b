#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace snapferry::blob {

struct ObjectInfo {
  std::string name;
  std::uint64_t size = 0;
  // When the object was written, by the storage's own clock; seconds since 1970.
  std::int64_t modified = 0;
  // False: something else has its name (a directory, a symlink, a FIFO, a device). Its size is 0,
  // and reading it throws Corrupt.
  bool is_file = true;
};

// Where a repository's objects live: flat names to immutable bytes. Implemented by
// LocalStorage and MemoryStorage, later by SFTP, FTP, S3 and WebDAV; every one passes
// the contract suite in testing/storage_contract.h, and decorators wrap them.
//
// A name is one or two parts of [A-Za-z0-9._-], 1 to 100 bytes each, not starting
// with '.', joined by one '/': "config", "packs/3f…". Other names throw
// InvalidArgument.
//
// All methods are safe to call from several threads and processes at once, and
// throw Unavailable, PermissionDenied or NoSpace where the storage does.
class Storage {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  virtual ~Storage() = default;

  // For messages: "/srv/backups".
  virtual std::string description() const = 0;

  // Stores `bytes` as `name`, replacing what is there. Others see all of it or what
  // was there before, also after a failure. It is durable only after sync(); a crash
  // before that may leave it whole, torn, or not there.
  virtual void put(std::string_view name, ByteView bytes) = 0;

  // Like put, but throws AlreadyExists and changes nothing if `name` is there. Of
  // several racing, one wins.
  virtual void put_new(std::string_view name, ByteView bytes) = 0;

  // The whole object. Throws NotFound, or Corrupt before a byte is read if it is larger than
  // `limit`: whoever can write to the storage can put a sparse file of a terabyte there.
  virtual Bytes get(std::string_view name, std::uint64_t limit = kNoLimit) = 0;

  // Exactly `length` bytes from `offset`. Throws NotFound, or Corrupt if the object
  // ends before.
  virtual Bytes get_range(std::string_view name, std::uint64_t offset, std::size_t length) = 0;

  // The last `length` bytes, or all if there are fewer. Throws NotFound.
  virtual Bytes get_tail(std::string_view name, std::size_t length) = 0;

  // Throws NotFound.
  virtual ObjectInfo info(std::string_view name) = 0;

  // The objects whose name is "PREFIX/…", with full names, in no order; empty if there
  // are none. Objects that come or go meanwhile may be in it or not. What has such a name and is no
  // file is in it, too: whoever passes it over takes what was there for gone. Throws Unavailable
  // where PREFIX is a link to where nothing is.
  virtual std::vector<ObjectInfo> list(std::string_view prefix) = 0;

  // Whether there is a place for objects "PREFIX/…", though there may be none. True of storages in
  // which a place comes and goes with its objects, and cannot be lost alone. Throws like list().
  virtual bool has_place(std::string_view prefix) = 0;
  // Makes the place where there is none. Not durable before sync().
  virtual void make_place(std::string_view prefix) = 0;

  // Removes the object; no error if it is not there. Throws Conflict for a directory that is not
  // empty. Not durable before sync().
  virtual void remove(std::string_view name) = 0;

  // Makes an object that another instance put, and perhaps never synced, durable with
  // the next sync(), without touching it. Throws NotFound.
  virtual void adopt(std::string_view name) = 0;

  // Everything this instance put, removed or adopted before is durable when it returns.
  virtual void sync() = 0;
};

}  // namespace snapferry::blob
