#pragma once

#include <string>

#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::tree {

// What has the name of an entry though nothing had it: a filesystem that takes it for the name of
// another one, or somebody who came first.
Error name_is_taken(const std::string& name);

// A new name in a directory: the final one, or a temporary one beside what is there, or one in a
// directory of its own. What was created under it is removed again unless committed.
class Placement {
 public:
  // `temporary` empty: directly. Borrows `directory`. Throws InvalidArgument for what is no name.
  Placement(int directory, const std::string& name, std::string temporary);
  // In a new directory with the name `nook`, in which nobody else can exchange it. Throws as
  // system_error, or Conflict if something has that name already.
  static Placement in_nook(int directory, const std::string& name, std::string nook);
  ~Placement();
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  int directory() const { return nook_.valid() ? nook_.get() : directory_; }
  const std::string& name() const { return temporary_.empty() ? name_ : temporary_; }
  void created() { created_ = true; }
  // Moves it to its final name. Throws name_is_taken() where `expects` is Nothing and there is
  // something.
  enum class Expects { Nothing, Something };
  void commit(Expects expects);

 private:
  struct Nook {};
  Placement(int directory, const std::string& name, std::string nook, Nook);
  void leave_nook();
  void move_to_free_name();

  int directory_;
  std::string name_;
  std::string temporary_;
  std::string nook_name_;
  platform::Fd nook_;
  bool created_ = false;
};

}  // namespace snapferry::tree
