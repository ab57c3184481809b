#pragma once

#include <cstdint>
#include <string>

namespace snapferry::bench {

// What a data set looks like is given by the seed and the scale alone. 1 is the full
// size; the tests of the benchmark itself use less.
struct DataSet {
  std::string directory;
  std::uint64_t seed = 1;
  double scale = 1;
};

// Many small files: 500,000 in about 40,000 directories, 3 GB, a quarter of the bytes
// incompressible. Each throws Error where the system fails.
namespace many {
void create(const DataSet& set);
// Writes a tenth of the directories again, with other content.
void churn(const DataSet& set);
// Writes 100 files again, with other content.
void change(const DataSet& set);
// Undoes churn and change.
void reset(const DataSet& set);
}  // namespace many

// Few big files, 8.9 GB: "disk.img" of 4 GiB with zero regions, some of them holes, and
// parts of it as they were a day before; texts; what does not compress.
namespace big {
void create(const DataSet& set);
// Changes 4 KiB in the middle of disk.img.
void change(const DataSet& set);
// Undoes change.
void reset(const DataSet& set);
}  // namespace big

}  // namespace snapferry::bench
