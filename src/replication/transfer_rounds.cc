#include "replication/transfer_rounds.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include "replication/plan_outcome.h"
#include "replication/store_memory.h"
#include "replication/throttle.h"
#include "replication/transfers.h"

namespace snapferry::replication {
namespace {

// What may go away once the listing is a new one.
bool is_stale(ErrorKind kind) {
  return kind == ErrorKind::NotFound || kind == ErrorKind::Conflict || kind == ErrorKind::Corrupt;
}

std::size_t count_snapshots(const VolumePlan& plan) {
  std::size_t count = 0;
  for (const Step& step : plan.steps) {
    if (const auto* send = std::get_if<SendStep>(&step.what)) {
      count += send->stream.intermediates.size() + 1;
    } else if (std::holds_alternative<ResumeStep>(step.what)) {
      count += plan.plan_again ? 2 : 1;  // what comes behind it is not planned yet
    }
  }
  return count;
}

class TransferRounds {
 public:
  explicit TransferRounds(RunState& run) : run_(run) {
    if (run.options.bytes_per_second > 0) limit_.emplace(run.options.bytes_per_second, run.waiter);
  }

  void transfer() {
    for (unsigned round = 1; run_.anything_pending(); ++round) {
      const bool has_to_wait = transfer_round();
      if (!run_.anything_pending()) break;
      if (run_.cancelled())
        return give_up(ErrorKind::Cancelled, "interrupted; run the command again");
      try {
        if (has_to_wait) run_.pause(round);
        run_.list_source();
        run_.list_store();
      } catch (const Error& error) {
        return give_up(error.kind(), error.message());
      }
    }
  }

 private:
  void give_up(ErrorKind kind, const std::string& message) {
    for (const std::string& volume : run_.order) {
      const Progression& progression = run_.progressions[volume];
      if (!progression.pending) continue;
      if (progression.failures > 0 && kind != ErrorKind::Cancelled) {
        run_.fail(volume, progression.outcome.error, progression.outcome.reason);
      } else {
        run_.fail(volume, kind, message);
      }
    }
  }

  bool transfer_round() {
    std::vector<VolumePlan> plans = plan_transfer(run_.volumes, run_.replicas, run_.policy);
    std::vector<const VolumePlan*> transfers;
    run_.settlements.clear();
    for (const VolumePlan& plan : plans) {
      if (!run_.is_pending(plan.volume)) continue;
      if (plan.verdict == Verdict::Transfer) {
        note_plan(run_, plan);
        transfers.push_back(&plan);
      } else {
        accept(run_, plan);
      }
    }
    fail_vanished(plans);
    warn_of_decrypted(run_, plans);
    if (run_.report.plans.empty()) record_first(run_, plans);
    describe(transfers);
    const bool has_to_wait = carry_out(transfers);
    settle();
    if (run_.report.plans.empty()) run_.report.plans = std::move(plans);
    return has_to_wait;
  }

  void fail_vanished(const std::vector<VolumePlan>& plans) {
    std::set<std::string_view> listed;
    for (const VolumePlan& plan : plans) listed.insert(plan.volume);
    for (const std::string& volume : run_.order) {
      if (run_.is_pending(volume) && !listed.contains(volume)) {
        run_.fail(volume, ErrorKind::NotFound,
                  "the source has it no more; it was there a moment ago");
      }
    }
  }

  // What the volumes are beside their files goes along with them. They are backed up without that,
  // too.
  void describe(const std::vector<const VolumePlan*>& plans) {
    std::map<std::string, VolumeName> replicas;
    std::vector<std::string> volumes;
    for (const VolumePlan* plan : plans) {
      if (!sends(*plan)) continue;
      replicas[plan->volume] = plan->replica;
      volumes.push_back(plan->volume);
    }
    if (volumes.empty()) return;
    try {
      std::vector<ReplicaDescription> descriptions;
      for (VolumeDescription& description : run_.source.describe(volumes)) {
        descriptions.push_back(
            {replicas.at(description.volume), std::move(description.properties)});
      }
      if (!descriptions.empty()) run_.store.describe(descriptions);
    } catch (const Error& error) {
      run_.report.warnings.push_back("the properties of volumes could not be recorded: " +
                                     error.message());
    }
  }

  // True if a volume has failed in a way that time may heal.
  bool carry_out(const std::vector<const VolumePlan*>& plans) {
    TransferOptions options;
    options.parallel = std::max(1u, run_.options.parallel);
    options.limit = limit_ ? &*limit_ : nullptr;
    options.waiter = &run_.waiter;
    options.cancellation = run_.options.cancellation;
    options.progress = &run_.progress;
    const std::vector<TransferResult> results =
        transfer_all(run_.source, run_.store, plans, options);
    bool has_to_wait = false;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      account(*plans[i], results[i]);
      if (results[i].error) {
        has_to_wait |= is_passing(results[i].error->kind());
        judge_failure(*plans[i], results[i]);
      } else if (!plans[i]->plan_again) {
        if (plans[i]->newest)
          run_.progressions[plans[i]->volume].outcome.snapshot = plans[i]->newest->name;
        if (plans[i]->settlement) run_.settlements.push_back(*plans[i]->settlement);
        conclude_volume(run_, *plans[i], sends(*plans[i]));
      }
    }
    return has_to_wait;
  }

  void account(const VolumePlan& plan, const TransferResult& result) {
    VolumeOutcome& outcome = run_.progressions[plan.volume].outcome;
    outcome.bytes += result.bytes;
    outcome.seconds += result.seconds;
    for (const std::string& note : result.notes) outcome.steps.push_back(note);
    // What begins in its place is another replica.
    if (!result.notes.empty()) run_.policy.refused.erase(plan.replica);
  }

  void judge_failure(const VolumePlan& plan, const TransferResult& result) {
    Progression& progression = run_.progressions[plan.volume];
    const ErrorKind kind = result.error->kind();
    ++progression.failures;
    if (!result.resume_token.empty()) distrust(result.resume_token, kind);
    const bool again = is_passing(kind) ? progression.failures < run_.options.attempts
                                        : is_stale(kind) && progression.failures < 2;
    if (!again && kind == ErrorKind::Conflict && may_begin_anew(plan, *result.error)) return;
    if (!again && may_send_less(plan, *result.error)) return;
    if (!again) return run_.fail(plan.volume, kind, result.error->message());
    progression.outcome.error = kind;
    progression.outcome.reason = about(plan.volume, result.error->message());
  }

  // A store that refuses what fits by both listings knows of a change that its listing does not
  // tell. Only who asked for a new beginning gets one.
  bool may_begin_anew(const VolumePlan& plan, const Error& error) {
    if (!run_.options.start_anew) return false;
    return run_.policy.refused.emplace(plan.replica, error.message()).second;
  }

  // Snapshots of the set that never arrived are no debt: where one of them cannot be sent, or does
  // not fit into the store, the newest goes alone. What stood in the way may be gone since.
  bool may_send_less(const VolumePlan& plan, const Error& error) {
    if (concerns_all(error.kind()) || error.kind() == ErrorKind::Conflict) return false;
    const std::size_t all = count_snapshots(plan);
    if (all < 2 || !run_.policy.newest_alone.insert(plan.volume).second) return false;
    run_.progressions[plan.volume].outcome.warning =
        about(plan.volume, error.message()) + "; so, of the " + std::to_string(all) +
        " snapshots that the store lacks, only the newest of this set goes";
    return true;
  }

  // A token that the ends refuse is discarded at once. One that breaks off twice without a byte
  // of progress, while both ends answer, must not stop the volume for ever (sanoid#304).
  void distrust(const std::string& token, ErrorKind kind) {
    if (is_passing(kind) ? ++token_failures_[token] >= 2
                         : kind != ErrorKind::Cancelled && kind != ErrorKind::NoSpace) {
      run_.policy.stale_tokens.insert(token);
    }
  }

  void settle() {
    if (run_.settlements.empty()) return;
    try {
      for (const VolumeFailure& failure : run_.source.settle(run_.settlements)) {
        run_.progressions[failure.volume].outcome.warning = about(failure.volume, failure.message);
      }
    } catch (const Error& error) {
      run_.report.warnings.push_back("the source could not be tidied up: " + error.message() +
                                     "; the next run does it");
    }
  }

  RunState& run_;
  std::optional<RateLimit> limit_;
  std::map<std::string, unsigned> token_failures_;
};

}  // namespace

void transfer(RunState& run) { TransferRounds(run).transfer(); }

}  // namespace snapferry::replication
