#include "zfs/arguments.h"

#include "core/error.h"
#include "zfs/dataset_name.h"

namespace snapferry::zfs {
namespace {

// Linux takes a quarter of the stack limit, at least 128 KiB and 2 MiB as a rule, for arguments
// and environment together (execve(2)).
constexpr std::size_t kMaxArguments = 1u << 20;

}  // namespace

std::string point_name(const std::string& dataset, const Point& point) {
  if (!is_dataset_name(dataset) || !is_name_part(point.name)) {
    throw Error(ErrorKind::InvalidArgument,
                dataset + "@" + point.name + ": is no name of a ZFS snapshot");
  }
  return dataset + (point.kind == PointKind::Bookmark ? "#" : "@") + point.name;
}

std::vector<std::string> send_arguments(const std::string& dataset, const StreamRequest& request) {
  std::vector<std::string> argv = {"zfs", "send"};
  if (!request.resume_token.empty()) {
    argv.insert(argv.end(), {"-t", request.resume_token});
    return argv;
  }
  if (request.features.raw) {
    argv.emplace_back("-w");
  } else {
    if (request.features.large_blocks) argv.emplace_back("-L");
    if (request.features.embedded) argv.emplace_back("-e");
    if (request.features.compressed) argv.emplace_back("-c");
  }
  if (request.base) {
    const bool many = !request.intermediates.empty();
    if (many && request.base->kind == PointKind::Bookmark) {
      throw Error(ErrorKind::InvalidArgument,
                  point_name(dataset, *request.base) +
                      ": a bookmark cannot be the base of several snapshots at once");
    }
    argv.insert(argv.end(), {many ? "-I" : "-i", point_name(dataset, *request.base)});
  }
  argv.push_back(point_name(dataset, request.to));
  return argv;
}

std::vector<std::vector<std::string>> batches(const std::vector<std::string>& first,
                                              const std::vector<std::string>& names) {
  std::vector<std::vector<std::string>> result;
  std::size_t size = 0;
  for (const auto& name : names) {
    if (result.empty() || size + name.size() + 9 > kMaxArguments) {
      result.push_back(first);
      size = 0;
    }
    size += name.size() + 9;  // its NUL and the pointer to it
    result.back().push_back(name);
  }
  return result;
}

}  // namespace snapferry::zfs
