#include "replication/run.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "core/volume_pattern.h"
#include "replication/freeze_step.h"
#include "replication/not_covered.h"
#include "replication/plan_outcome.h"
#include "replication/rename_copies.h"
#include "replication/renames.h"
#include "replication/run_inventory.h"
#include "replication/run_state.h"
#include "replication/snapshot_name.h"
#include "replication/store_memory.h"
#include "replication/transfer_rounds.h"

namespace snapferry::replication {
namespace {

class Run {
 public:
  Run(Source& source, Store& store, const RunOptions& options)
      : run_(source, store, options), freezing_(run_) {}

  RunReport execute() {
    check_options();
    take_inventory(run_);
    // A listing may have told what a store is.
    set_policy();
    learn_old_names(run_.source, run_.patterns, run_.volumes, run_.replicas, run_.policy);
    rename_copies(run_);
    freezing_.decide();
    if (run_.options.dry_run) {
      foresee();
    } else {
      freezing_.freeze();
      transfer(run_);
      record_asked(run_);
      record_unchanged(run_);
    }
    return conclude();
  }

 private:
  void check_options() {
    run_.report.started = run_.clock.now().seconds;
    check_set_name(run_.options.set);
    if (run_.options.host.empty()) throw Error(ErrorKind::InvalidArgument, "the host has no name");
    if (run_.options.patterns.empty()) {
      throw Error(ErrorKind::InvalidArgument, "no volume was named; name one, or a pattern");
    }
    for (const std::string& pattern : run_.options.patterns) VolumePattern::parse(pattern);
  }

  void set_policy() {
    std::string identity;
    run_.persist([&] { identity = run_.store.identity(); });
    if (run_.options.recognise) run_.options.recognise(identity);
    run_.policy.set = run_.options.set;
    run_.policy.host = run_.options.host;
    run_.policy.cursor = cursor_tag(run_.options.set, identity);
    run_.policy.history = run_.options.history;
    run_.policy.take_nothing = run_.options.take_nothing;
    run_.policy.raw = run_.options.raw;
    run_.policy.start_anew = run_.options.start_anew;
    run_.persist([&] { run_.policy.source = run_.source.features(); });
    run_.persist([&] { run_.policy.store = run_.store.features(); });
  }

  // The plan as it would be after the freeze.
  void foresee() {
    std::map<std::string_view, VolumeState*> by_name;
    for (VolumeState& volume : run_.volumes) by_name[volume.name] = &volume;
    std::uint64_t number = ~std::uint64_t{0};
    for (const auto& [name, volumes] : freezing_.names_to_take()) {
      run_.report.snapshot = name;
      for (const std::string& volume : volumes) {
        std::vector<Point>& points = by_name.at(volume)->points;
        Point point;
        point.name = name;
        point.guid = Guid::from_number(number--);
        point.order = points.empty() ? 1 : points.back().order + 1;
        points.push_back(std::move(point));
      }
    }
    auto plans = plan_transfer(run_.volumes, run_.replicas, run_.policy);
    warn_of_decrypted(run_, plans);
    run_.report.plans = std::move(plans);
    for (const VolumePlan& plan : run_.report.plans) {
      if (plan.verdict != Verdict::Transfer) {
        accept(run_, plan);
      } else {
        note_plan(run_, plan);
        run_.finish(plan.volume, sends(plan) ? Outcome::Planned : Outcome::Unchanged);
      }
    }
  }

  // What could not be listed, the run has told.
  void look_below() {
    try {
      run_.report.not_covered = not_covered(run_.source, run_.patterns, run_.volumes);
    } catch (const Error&) {
    }
  }

  RunReport conclude() {
    if (run_.options.name_not_covered && !run_.cancelled()) look_below();
    run_.report.absent = absent_stores(run_.volumes);
    std::erase_if(run_.report.absent, [&](const AbsentStore& store) {
      return cursor_tag(store.set, store.store) == run_.policy.cursor;
    });
    for (const std::string& volume : run_.order) {
      run_.report.volumes.push_back(std::move(run_.progressions[volume].outcome));
    }
    run_.report.cancelled = run_.cancelled();
    run_.report.finished = run_.clock.now().seconds;
    return std::move(run_.report);
  }

  RunState run_;
  FreezeStep freezing_;
};

}  // namespace

RunReport run(Source& source, Store& store, const RunOptions& options) {
  return Run(source, store, options).execute();
}

}  // namespace snapferry::replication
