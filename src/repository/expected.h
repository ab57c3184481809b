#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "blob/storage.h"
#include "core/expectation.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

// The payload of a record of what is expected (FORMAT.md, "What is expected").
Bytes encode_expected_record(const Expectations& expectations);
// Throws Corrupt naming `subject`, and Unsupported for a later version. What cannot be read of a
// host's text expects nothing.
Expectations decode_expected_record(ByteView bytes, std::string_view subject);

// The records as a listing found them.
struct ExpectedRecords {
  std::vector<Expectations> each;
  std::vector<ObjectId> read;  // those in `each`, and those that hold nothing for anybody
  std::string later = {};      // the name of one that a later version wrote; empty: there is none

  Expectations together() const;
};

// What is torn, damaged or gone meanwhile is no failure; what cannot be listed or read is.
ExpectedRecords read_expected(const SealedObjects& objects);

// What all records say together. Throws Unsupported where a later version knows more.
Expectations all_expected(const SealedObjects& objects);

// Makes the change, in one record that takes the place of those that were there, and returns what
// was not taken in; writes nothing where that changes nothing.
std::vector<VolumeFailure> change_expected(blob::Storage& storage, SealedObjects& objects,
                                           const std::string& host,
                                           const ExpectationChange& change);

// Makes one record of several, and removes those that hold nothing. Nothing fails by what is
// expected: where that cannot be done, it is left. Throws Cancelled and NoSpace alone.
void tidy_expected(blob::Storage& storage, SealedObjects& objects);

}  // namespace snapferry::repository
