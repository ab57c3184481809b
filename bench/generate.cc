// generate SET ACTION DIRECTORY [SEED [SCALE]]: makes a data set of the benchmark, or
// brings it from one state to the next.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <utility>

#include "bench/data_sets.h"

namespace {

using snapferry::bench::DataSet;
namespace many = snapferry::bench::many;
namespace big = snapferry::bench::big;

const std::map<std::pair<std::string, std::string>, void (*)(const DataSet&)> kActions = {
    {{"many", "create"}, many::create}, {{"many", "churn"}, many::churn},
    {{"many", "change"}, many::change}, {{"many", "reset"}, many::reset},
    {{"big", "create"}, big::create},   {{"big", "change"}, big::change},
    {{"big", "reset"}, big::reset},
};

int usage() {
  std::fputs("usage: generate SET ACTION DIRECTORY [SEED [SCALE]]\n", stderr);
  for (const auto& [name, action] : kActions) {
    std::fprintf(stderr, "  %s %s\n", name.first.c_str(), name.second.c_str());
  }
  return 2;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4 || count > 6) return usage();
  const auto action = kActions.find({arguments[1], arguments[2]});
  if (action == kActions.end()) return usage();
  try {
    DataSet set;
    set.directory = arguments[3];
    if (count > 4) set.seed = std::strtoull(arguments[4], nullptr, 10);
    if (count > 5) set.scale = std::strtod(arguments[5], nullptr);
    action->second(set);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "generate: %s\n", error.what());
    return 1;
  }
}
