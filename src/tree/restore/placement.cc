#include "tree/restore/placement.h"

#include <cerrno>
#include <cstdio>
#include <mutex>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "tree/restore/target.h"

namespace snapferry::tree {

Error name_is_taken(const std::string& name) {
  return Error(ErrorKind::Conflict,
               name +
                   ": something that has another name is there under this one, too: the filesystem "
                   "of the target does not tell them apart, or somebody made it meanwhile; restore "
                   "it to another directory, or where upper and lower case differ");
}

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

void Placement::commit(Expects expects) {
  const bool moves = nook_.valid() || !temporary_.empty();
  if (moves && expects == Expects::Nothing) {
    move_to_free_name();
  } else if (moves && ::renameat(directory(), name().c_str(), directory_, name_.c_str()) != 0) {
    throw system_error(errno, "replace", name_);
  }
  created_ = false;
}

// Where the filesystem cannot do it in one step, one at a time: what this process puts there, it
// does not overwrite.
void Placement::move_to_free_name() {
  if (::renameat2(directory(), name().c_str(), directory_, name_.c_str(), RENAME_NOREPLACE) == 0)
    return;
  if (errno == EEXIST) throw name_is_taken(name_);
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
    throw system_error(errno, "rename", name_);
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (stat_at(directory_, name_)) throw name_is_taken(name_);
  if (::renameat(directory(), name().c_str(), directory_, name_.c_str()) != 0)
    throw system_error(errno, "rename", name_);
}

// The next restore removes one that somebody filled meanwhile.
void Placement::leave_nook() {
  if (!nook_name_.empty()) ::unlinkat(directory_, nook_name_.c_str(), AT_REMOVEDIR);
}

}  // namespace snapferry::tree
