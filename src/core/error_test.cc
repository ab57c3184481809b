#include "core/error.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace snapferry {
namespace {

TEST(Error, ContextComesBeforeTheMessage) {
  Error error(ErrorKind::Corrupt, "is damaged");
  error.add_context("packs/3f").add_context("/srv");
  EXPECT_STREQ(error.what(), "/srv: packs/3f: is damaged");
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
}

TEST(Error, EveryKindHasItsName) {
  EXPECT_EQ(to_string(ErrorKind::InvalidArgument), "InvalidArgument");
  EXPECT_EQ(to_string(ErrorKind::WrongPassword), "WrongPassword");
  EXPECT_EQ(to_string(ErrorKind::Internal), "Internal");
}

TEST(SystemError, NamesSubjectActionAndCause) {
  const Error error = system_error(ENOENT, "open", "/etc/missing");
  EXPECT_EQ(error.message(), "/etc/missing: cannot open: No such file or directory");
  EXPECT_EQ(error.system_error(), ENOENT);
}

TEST(SystemError, KindFollowsFromTheNumber) {
  const std::pair<int, ErrorKind> kinds[] = {
      {ENOENT, ErrorKind::NotFound},
      {EACCES, ErrorKind::PermissionDenied},
      {EPERM, ErrorKind::PermissionDenied},
      {ENOSPC, ErrorKind::NoSpace},
      {EDQUOT, ErrorKind::NoSpace},
      {EEXIST, ErrorKind::AlreadyExists},
      {EBUSY, ErrorKind::Busy},
      {ENOMEM, ErrorKind::Unavailable},
      {EIO, ErrorKind::Unavailable},
      {ECONNRESET, ErrorKind::Unavailable},
      {EOPNOTSUPP, ErrorKind::Unsupported},
  };
  for (const auto& [number, kind] : kinds) {
    EXPECT_EQ(to_string(system_error(number, "do", "it").kind()), to_string(kind)) << number;
  }
}

}  // namespace
}  // namespace snapferry
