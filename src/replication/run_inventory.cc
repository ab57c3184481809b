#include "replication/run_inventory.h"

#include <algorithm>
#include <future>

#include "core/volume_pattern.h"
#include "replication/store_memory.h"

namespace snapferry::replication {
namespace {

class Inventory {
 public:
  explicit Inventory(RunState& run) : run_(run) {}

  void take() {
    const std::vector<Unlisted> unlisted = list_both();
    run_.progress.expect(run_.volumes.size() + unlisted.size());
    for (const VolumeState& volume : run_.volumes) run_.add_volume(volume.name);
    for (const auto& [pattern, error] : unlisted) {
      run_.add_volume(pattern);
      run_.fail(pattern, error.kind(), error.message());
    }
    if (!run_.options.allow_empty) fail_empty();
  }

 private:
  struct Unlisted {
    std::string pattern;
    Error error;
  };

  void fail_empty() {
    for (const std::string& text : run_.patterns) {
      const auto pattern = VolumePattern::parse(text);
      const bool covers_any =
          std::any_of(run_.volumes.begin(), run_.volumes.end(),
                      [&](const VolumeState& volume) { return pattern.matches(volume.name); });
      // One without wildcards that is not there could not be listed.
      if (covers_any || !pattern.has_wildcards()) continue;
      run_.add_volume(text);
      run_.fail(text, ErrorKind::NotFound,
                "covers no volume; is its pool or disk away? If that is as it should be, pass "
                "--allow-empty");
    }
  }

  // At once: either takes its time, and neither depends on the other.
  std::vector<Unlisted> list_both() {
    auto first =
        std::async(std::launch::async, [&] { return run_.store.inventory(run_.options.host); });
    std::vector<Unlisted> unlisted = list_source_at_first();
    run_.persist([&] {
      run_.replicas = first.valid() ? first.get() : run_.store.inventory(run_.options.host);
    });
    return unlisted;
  }

  // One pattern that cannot be listed (nothing is there, or a key does not cover it) stops no
  // other: gives those, and goes on without them. Throws if it would be without any.
  std::vector<Unlisted> list_source_at_first() {
    try {
      run_.list_source();
      return {};
    } catch (const Error& error) {
      if (run_.patterns.size() < 2 || concerns_all(error.kind())) throw;
    }
    std::vector<Unlisted> unlisted;
    run_.patterns.clear();
    for (const std::string& pattern : run_.options.patterns) {
      try {
        run_.persist([&] { run_.source.inventory({pattern}); });
        run_.patterns.push_back(pattern);
      } catch (const Error& error) {
        if (concerns_all(error.kind())) throw;
        unlisted.push_back({pattern, error});
      }
    }
    if (run_.patterns.empty()) throw Error(unlisted.front().error);
    run_.list_source();
    return unlisted;
  }

  RunState& run_;
};

}  // namespace

// What could not even be listed was asked for all the same.
void take_inventory(RunState& run) {
  try {
    Inventory(run).take();
  } catch (const NoSuchStore&) {
    throw;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled || run.options.dry_run) throw;
    const std::string trouble = record_unreached(run.store, run.options);
    if (trouble.empty()) throw;
    throw Error(error.kind(), error.message() + "; and " + trouble);
  }
}

}  // namespace snapferry::replication
