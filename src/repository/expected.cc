#include "repository/expected.h"

#include <optional>
#include <utility>

#include "core/error.h"

namespace snapferry::repository {
namespace {

constexpr std::uint8_t kExpectedVersion = 1;

Error of_later_version(std::string_view name) {
  return Error(ErrorKind::Unsupported,
               std::string(name) +
                   ": says what is expected in a way of a later version; update snapferry here");
}

void put_together(Expectations& all, const Expectations& more) {
  for (const auto& [host, expected] : more) all[host] = merged(all[host], expected);
}

// What cannot be removed says what it said before, which is no reason for a command to fail.
void remove_all(SealedObjects& objects, const std::vector<ObjectId>& ids) {
  for (const ObjectId& id : ids) {
    try {
      objects.remove(ObjectType::Expected, id);
    } catch (const Error&) {
    }
  }
}

// All that counts is in `expectations` before what said it so far goes.
void replace(blob::Storage& storage, SealedObjects& objects, const std::vector<ObjectId>& before,
             const Expectations& expectations) {
  if (!expectations.empty()) {
    objects.put(ObjectType::Expected, random_id(), encode_expected_record(expectations));
    storage.sync();
  }
  remove_all(objects, before);
  storage.sync();
}

// Nothing where one that was listed is gone: what took its place is in the next listing.
std::optional<ExpectedRecords> read_listed(const SealedObjects& objects) {
  ExpectedRecords records;
  for (const ObjectId& id : objects.list(ObjectType::Expected)) {
    Bytes plain;
    try {
      plain = objects.get(ObjectType::Expected, id);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) return std::nullopt;
      if (error.kind() != ErrorKind::Corrupt) throw;
      records.read.push_back(id);
      continue;
    }
    try {
      records.each.push_back(decode_expected_record(plain, object_name(ObjectType::Expected, id)));
      records.read.push_back(id);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Corrupt) {
        records.read.push_back(id);
      } else if (error.kind() == ErrorKind::Unsupported) {
        records.later = object_name(ObjectType::Expected, id);  // not ours to remove
      } else {
        throw;
      }
    }
  }
  return records;
}

}  // namespace

Bytes encode_expected_record(const Expectations& expectations) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(kExpectedVersion);
  out.u32(static_cast<std::uint32_t>(expectations.size()));
  for (const auto& [host, expected] : expectations) {
    out.sized(as_bytes(host));
    out.sized(as_bytes(encode_expectations(expected)));
  }
  return bytes;
}

Expectations decode_expected_record(ByteView bytes, std::string_view subject) {
  ByteReader in(bytes, subject);
  const std::uint8_t version = in.u8();
  if (version > kExpectedVersion) throw of_later_version(subject);
  if (version != kExpectedVersion) in.fail("has a version that never was");
  Expectations expectations;
  for (std::uint32_t count = in.u32(); count > 0; --count) {
    const std::string host(as_text(in.sized()));
    HostExpectations expected = decode_expectations(as_text(in.sized()));
    if (!expected.empty()) expectations[host] = merged(expectations[host], expected);
  }
  in.expect_end();
  return expectations;
}

Expectations ExpectedRecords::together() const {
  Expectations all;
  for (const Expectations& record : each) put_together(all, record);
  return all;
}

ExpectedRecords read_expected(const SealedObjects& objects) {
  constexpr int kTries = 10;
  for (int tries = 0; tries < kTries; ++tries) {
    if (auto records = read_listed(objects)) return *std::move(records);
  }
  throw Error(ErrorKind::Busy,
              "expected: is written by others again and again; run the command again");
}

Expectations all_expected(const SealedObjects& objects) {
  const ExpectedRecords records = read_expected(objects);
  if (!records.later.empty()) throw of_later_version(records.later);
  return records.together();
}

std::vector<VolumeFailure> change_expected(blob::Storage& storage, SealedObjects& objects,
                                           const std::string& host,
                                           const ExpectationChange& change) {
  const ExpectedRecords records = read_expected(objects);
  Expectations all = records.together();
  const HostExpectations before = all[host];
  auto [after, left_out] = changed(before, change);
  if (after == before) return left_out;
  all[host] = after;
  std::erase_if(all, [](const auto& one) { return one.second.empty(); });
  replace(storage, objects, records.read, all);
  return left_out;
}

void tidy_expected(blob::Storage& storage, SealedObjects& objects) {
  try {
    const ExpectedRecords records = read_expected(objects);
    if (records.read.empty() || (records.read.size() == 1 && records.each.size() == 1)) return;
    replace(storage, objects, records.read, records.together());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled || error.kind() == ErrorKind::NoSpace) throw;
  }
}

}  // namespace snapferry::repository
