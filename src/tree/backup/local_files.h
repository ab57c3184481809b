#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tree/backup/file_source.h"

namespace snapferry::tree {

// A directory of this machine, or any other file. Every step is relative to an open directory, so
// that nobody who renames things leads it anywhere else. Memory: a descriptor for each directory
// that is open.
class LocalFiles : public FileSource {
 public:
  // `path` is absolute. Nothing is looked at yet.
  explicit LocalFiles(std::string path) : path_(std::move(path)) {}

  const std::string& name() const override { return path_; }
  std::shared_ptr<SourceDirectory> above() override;
  bool holds_mounts() const override { return true; }
  bool is_gone(const Error&) override { return false; }
  std::vector<OwnerName> user_names(const OwnerIds& ids) override { return tree::user_names(ids); }
  std::vector<OwnerName> group_names(const OwnerIds& ids) override {
    return tree::group_names(ids);
  }

 private:
  const std::string path_;
};

}  // namespace snapferry::tree
