#include "tree/backup/reread.h"

namespace snapferry::tree {
namespace {

// The finalizer of splitmix64 (Steele et al., OOPSLA 2014): inodes that follow one another get
// moments that do not.
std::uint64_t spread(std::uint64_t inode) {
  std::uint64_t hash = inode + 0x9e3779b97f4a7c15;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

// How many periods of `length` have ended at `time`, the first of them at 0.
std::int64_t periods(std::int64_t time, std::int64_t length) {
  return time / length - (time % length < 0 ? 1 : 0);
}

}  // namespace

bool RereadRule::is_due(std::uint64_t inode) const {
  if (all) return true;
  if (period <= 0 || to <= from) return false;
  const auto moment = static_cast<std::int64_t>(spread(inode) % static_cast<std::uint64_t>(period));
  return periods(to.seconds - moment, period) > periods(from.seconds - moment, period);
}

}  // namespace snapferry::tree
