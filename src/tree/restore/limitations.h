#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry::tree {

// What cannot be restored here: each reason kept once, with the number of files that it concerns
// and the first of them. Safe from several threads.
class Limitations {
 public:
  // What is to be told and costs no file anything.
  void add(std::string_view text);
  // Of the file at `path`.
  void add(std::string_view reason, std::string_view path);

  // One line each.
  std::vector<std::string> take() const;

 private:
  struct Concerned {
    std::uint64_t count = 0;
    std::vector<std::string> first;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Concerned, std::less<>> texts_;
};

}  // namespace snapferry::tree
