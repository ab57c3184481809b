#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace snapferry::tree {

// What one restored file lacks of what the snapshot says of it, though its content is right. Each
// piece of metadata is tried by itself: one that is refused costs no other. One thread.
class Losses {
 public:
  // What a poor target refuses of many files: told once, with their number.
  void add(std::string reason) {
    if (std::find(reasons_.begin(), reasons_.end(), reason) == reasons_.end()) {
      reasons_.push_back(std::move(reason));
    }
  }
  // What is to be told, but costs the file nothing.
  void note(std::string text) { notes_.push_back(std::move(text)); }
  // What went wrong with this one: told of it alone.
  void add(const Error& error) { errors_.push_back(error); }

  // Calls `step`; an Error is a loss. False then.
  template <typename Step>
  bool attempt(const Step& step) {
    try {
      step();
      return true;
    } catch (const Error& error) {
      add(error);
      return false;
    }
  }

  bool empty() const { return reasons_.empty() && errors_.empty(); }
  const std::vector<std::string>& reasons() const { return reasons_; }
  const std::vector<std::string>& notes() const { return notes_; }
  const std::vector<Error>& errors() const { return errors_; }

 private:
  std::vector<std::string> reasons_;
  std::vector<std::string> notes_;
  std::vector<Error> errors_;
};

}  // namespace snapferry::tree
