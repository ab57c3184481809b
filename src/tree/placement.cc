#include "tree/placement.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "tree/target.h"

namespace snapferry::tree {

Placement::Placement(int directory, const std::string& name, std::string temporary)
    : directory_(directory), name_(name), temporary_(std::move(temporary)) {
  if (!is_valid_name(name_))
    throw Error(ErrorKind::InvalidArgument, name_ + ": is not a file name");
}

Placement Placement::in_nook(int directory, const std::string& name, std::string nook) {
  return Placement(directory, name, std::move(nook), Nook());
}

Placement::Placement(int directory, const std::string& name, std::string nook, Nook)
    : Placement(directory, name, "") {
  if (!create_directory_at(directory, nook)) {
    throw Error(ErrorKind::Conflict, name + ": something has the name that was to be its own");
  }
  nook_name_ = std::move(nook);
  nook_ = open_directory_at(directory, nook_name_, Access::AsItIs);
}

Placement::~Placement() {
  if (created_) ::unlinkat(directory(), name().c_str(), 0);
  leave_nook();
}

void Placement::commit() {
  const bool moves = nook_.valid() || !temporary_.empty();
  if (moves && ::renameat(directory(), name().c_str(), directory_, name_.c_str()) != 0) {
    throw system_error(errno, "replace", name_);
  }
  created_ = false;
}

// The next restore removes one that somebody filled meanwhile.
void Placement::leave_nook() {
  if (!nook_name_.empty()) ::unlinkat(directory_, nook_name_.c_str(), AT_REMOVEDIR);
}

}  // namespace snapferry::tree
