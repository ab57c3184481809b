#include "core/error.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace snapferry {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument:
      return "InvalidArgument";
    case ErrorKind::NotFound:
      return "NotFound";
    case ErrorKind::AlreadyExists:
      return "AlreadyExists";
    case ErrorKind::Busy:
      return "Busy";
    case ErrorKind::Conflict:
      return "Conflict";
    case ErrorKind::Unavailable:
      return "Unavailable";
    case ErrorKind::NoSpace:
      return "NoSpace";
    case ErrorKind::PermissionDenied:
      return "PermissionDenied";
    case ErrorKind::WrongPassword:
      return "WrongPassword";
    case ErrorKind::Corrupt:
      return "Corrupt";
    case ErrorKind::Unsupported:
      return "Unsupported";
    case ErrorKind::Cancelled:
      return "Cancelled";
    case ErrorKind::Internal:
      return "Internal";
  }
  return "Internal";
}

Error::Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

Error& Error::with_errno(int number) {
  system_error_ = number;
  return *this;
}

Error& Error::add_context(std::string_view context) {
  message_.insert(0, std::string(context) + ": ");
  return *this;
}

namespace {

ErrorKind kind_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::NotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::PermissionDenied;
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::NoSpace;
    case EEXIST:
    case ENOTEMPTY:
      return ErrorKind::AlreadyExists;
    case EBUSY:
    case ETXTBSY:
      return ErrorKind::Busy;
    case EINVAL:
    case ENAMETOOLONG:
      return ErrorKind::InvalidArgument;
    case EOPNOTSUPP:
    case ENOSYS:
      return ErrorKind::Unsupported;
    default:
      return ErrorKind::Unavailable;
  }
}

std::string_view next_step(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return "; free some there and run again";
    case EROFS:
      return "; mount it writable and run again";
    default:
      return "";
  }
}

}  // namespace

Error system_error(int number, std::string_view action, std::string_view subject) {
  std::string message(subject);
  message += ": cannot ";
  message += action;
  message += ": ";
  message += std::generic_category().message(number);
  message += next_step(number);
  Error error(kind_of(number), std::move(message));
  error.with_errno(number);
  return error;
}

}  // namespace snapferry
