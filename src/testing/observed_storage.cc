#include "testing/observed_storage.h"

namespace snapferry::testing {

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::Put:
      return "put";
    case Verb::PutNew:
      return "put_new";
    case Verb::Get:
      return "get";
    case Verb::GetRange:
      return "get_range";
    case Verb::GetTail:
      return "get_tail";
    case Verb::Info:
      return "info";
    case Verb::List:
      return "list";
    case Verb::Remove:
      return "remove";
    case Verb::Adopt:
      return "adopt";
    case Verb::Sync:
      return "sync";
  }
  return "";
}

bool changes_storage(Verb verb) {
  return verb == Verb::Put || verb == Verb::PutNew || verb == Verb::Remove || verb == Verb::Sync;
}

void ObservedStorage::put(std::string_view name, ByteView bytes) {
  const Ticket ticket = before(Verb::Put, name);
  inner_.put(name, bytes);
  after(ticket, Verb::Put, name, bytes.size());
}

void ObservedStorage::put_new(std::string_view name, ByteView bytes) {
  const Ticket ticket = before(Verb::PutNew, name);
  inner_.put_new(name, bytes);
  after(ticket, Verb::PutNew, name, bytes.size());
}

Bytes ObservedStorage::get(std::string_view name, std::uint64_t limit) {
  const Ticket ticket = before(Verb::Get, name);
  Bytes bytes = inner_.get(name, limit);
  after(ticket, Verb::Get, name, bytes.size());
  return bytes;
}

Bytes ObservedStorage::get_range(std::string_view name, std::uint64_t offset, std::size_t length) {
  const Ticket ticket = before(Verb::GetRange, name);
  Bytes bytes = inner_.get_range(name, offset, length);
  after(ticket, Verb::GetRange, name, bytes.size());
  return bytes;
}

Bytes ObservedStorage::get_tail(std::string_view name, std::size_t length) {
  const Ticket ticket = before(Verb::GetTail, name);
  Bytes bytes = inner_.get_tail(name, length);
  after(ticket, Verb::GetTail, name, bytes.size());
  return bytes;
}

blob::ObjectInfo ObservedStorage::info(std::string_view name) {
  const Ticket ticket = before(Verb::Info, name);
  blob::ObjectInfo info = inner_.info(name);
  after(ticket, Verb::Info, name, 0);
  return info;
}

std::vector<blob::ObjectInfo> ObservedStorage::list(std::string_view prefix) {
  const Ticket ticket = before(Verb::List, prefix);
  std::vector<blob::ObjectInfo> found = inner_.list(prefix);
  after(ticket, Verb::List, prefix, 0);
  return found;
}

void ObservedStorage::remove(std::string_view name) {
  const Ticket ticket = before(Verb::Remove, name);
  inner_.remove(name);
  after(ticket, Verb::Remove, name, 0);
}

void ObservedStorage::adopt(std::string_view name) {
  const Ticket ticket = before(Verb::Adopt, name);
  inner_.adopt(name);
  after(ticket, Verb::Adopt, name, 0);
}

void ObservedStorage::sync() {
  const Ticket ticket = before(Verb::Sync, "");
  inner_.sync();
  after(ticket, Verb::Sync, "", 0);
}

}  // namespace snapferry::testing
