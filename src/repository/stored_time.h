#pragma once

#include "core/bytes.h"
#include "core/entry.h"

namespace snapferry::repository {

// A time in an object: i64 seconds since 1970, u32 nanoseconds.
inline void put_time(ByteWriter& out, const Timestamp& time) {
  out.i64(time.seconds);
  out.u32(time.nanoseconds);
}

// Throws Corrupt, by `in`, where it is no time.
inline Timestamp take_time(ByteReader& in) {
  Timestamp time;
  time.seconds = in.i64();
  time.nanoseconds = in.u32();
  if (time.nanoseconds >= 1'000'000'000) in.fail("time is not a time");
  return time;
}

}  // namespace snapferry::repository
