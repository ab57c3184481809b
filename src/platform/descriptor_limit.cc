#include "platform/descriptor_limit.h"

#include <algorithm>

#include <sys/resource.h>

namespace snapferry::platform {
namespace {

constexpr rlim_t kMost = 1u << 16;
constexpr std::size_t kUnknown = 64;

}  // namespace

std::size_t descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUnknown;
  return std::min(limit.rlim_cur, kMost);
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, kMost);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace snapferry::platform
