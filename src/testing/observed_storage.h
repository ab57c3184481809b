#pragma once

#include <cstddef>
#include <string_view>

#include "blob/storage.h"

namespace snapferry::testing {

enum class Verb { Put, PutNew, Get, GetRange, GetTail, Info, List, Remove, Adopt, Sync };
inline constexpr std::size_t kVerbs = 10;

// "put", "put_new", …
std::string_view to_string(Verb verb);
// Put, PutNew, Remove and Sync.
bool changes_storage(Verb verb);

// Forwards to a storage that it borrows, and tells a derived class about each call.
class ObservedStorage : public blob::Storage {
 public:
  explicit ObservedStorage(blob::Storage& inner) : inner_(inner) {}

  std::string description() const override { return inner_.description(); }
  void put(std::string_view name, ByteView bytes) override;
  void put_new(std::string_view name, ByteView bytes) override;
  Bytes get(std::string_view name, std::uint64_t limit = kNoLimit) override;
  Bytes get_range(std::string_view name, std::uint64_t offset, std::size_t length) override;
  Bytes get_tail(std::string_view name, std::size_t length) override;
  blob::ObjectInfo info(std::string_view name) override;
  std::vector<blob::ObjectInfo> list(std::string_view prefix) override;
  bool has_place(std::string_view prefix) override { return inner_.has_place(prefix); }
  void make_place(std::string_view prefix) override { inner_.make_place(prefix); }
  void remove(std::string_view name) override;
  void adopt(std::string_view name) override;
  void sync() override;

 protected:
  // What before() finds out and after() of the same call is to know.
  using Ticket = std::uint64_t;

  // What is thrown here is thrown instead of the call, or after it took effect. `bytes`
  // is what went over: of objects put or gotten; 0 for other verbs. Any thread.
  virtual Ticket before(Verb /*verb*/, std::string_view /*name*/) { return 0; }
  virtual void after(Ticket /*ticket*/, Verb /*verb*/, std::string_view /*name*/,
                     std::uint64_t /*bytes*/) {}

 private:
  blob::Storage& inner_;
};

}  // namespace snapferry::testing
