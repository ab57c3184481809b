#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "core/progress.h"

namespace snapferry::replication {

// What the volumes of a run have come to; written by run(), read by a display from another
// thread at any time.
class RunProgress {
 public:
  struct Line {
    std::string volume;
    std::uint64_t bytes = 0;
  };

  // How many volumes there are; again when that is known better.
  void expect(std::size_t volumes);
  // A volume's transfer begins; `bytes` of the returned counter grows until end(). Its address
  // stays valid as long as this lives.
  Progress& begin(const std::string& volume);
  void end(const std::string& volume);
  // A volume is done with, transferred or not.
  void done();

  // The volumes whose transfers are going on, in the order in which they began.
  std::vector<Line> active() const;
  // Of all transfers, those that ended, too.
  std::uint64_t bytes() const;
  std::size_t volumes() const;
  std::size_t volumes_done() const;

 private:
  struct Transfer {
    std::string volume;
    bool active = true;
    Progress progress;
  };

  mutable std::mutex mutex_;
  std::deque<Transfer> transfers_;
  std::size_t volumes_ = 0;
  std::size_t done_ = 0;
};

}  // namespace snapferry::replication
