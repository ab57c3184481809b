#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry {

// What a caller can do about a failure. Few on purpose; each maps to one exit
// code (cli/exit_code.h).
enum class ErrorKind {
  InvalidArgument,   // the request itself is wrong; asking again cannot help
  NotFound,          // the named thing is not there
  AlreadyExists,     // the named thing is there and must not be replaced
  Busy,              // in use now; trying again later can help
  Conflict,          // both sides are fine but do not fit together
  Unavailable,       // a device, network or store failed; trying again can help
  NoSpace,           // the device or quota is full; trying again helps once there is room
  PermissionDenied,  // the system refused
  WrongPassword,     // no key of the repository opens with the given password
  Corrupt,           // stored bytes are not what was written
  Unsupported,       // a newer format, or something this system cannot do
  Cancelled,         // interrupted on request
  Internal,          // a defect of this program
};

// "InvalidArgument", "NotFound", …
std::string_view to_string(ErrorKind kind);

// The one exception of the program. `what()` is one line: subject, cause, next
// step. Layers add context with `add_context`, which prefixes "CONTEXT: ".
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message);

  ErrorKind kind() const { return kind_; }
  // The errno that caused it, or 0.
  int system_error() const { return system_error_; }
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const { return message_; }

  Error& with_errno(int number);
  // Prefixes the message; returns *this so that `throw std::move(e.add_context(…))`
  // and `e.add_context(…); throw;` both read well.
  Error& add_context(std::string_view context);

 private:
  ErrorKind kind_;
  int system_error_ = 0;
  std::string message_;
};

// An Error for a failed system call: "SUBJECT: cannot ACTION: strerror". The kind
// follows from `number` (ENOENT is NotFound, EACCES and EPERM PermissionDenied,
// ENOSPC and EDQUOT NoSpace, EEXIST AlreadyExists, EBUSY Busy, ENOMEM and EIO
// Unavailable, everything else Unavailable).
Error system_error(int number, std::string_view action, std::string_view subject);

}  // namespace snapferry
