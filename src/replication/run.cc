#include "replication/run.h"

#include <algorithm>
#include <future>
#include <map>
#include <set>

#include "core/aside.h"
#include "core/volume_pattern.h"
#include "replication/asked.h"
#include "replication/lineage.h"
#include "replication/moves.h"
#include "replication/not_covered.h"
#include "replication/plan_text.h"
#include "replication/renames.h"
#include "replication/snapshot_name.h"
#include "replication/throttle.h"
#include "replication/transfers.h"

namespace snapferry::replication {
namespace {

constexpr std::chrono::seconds kFirstPause{5};
constexpr int kNameTries = 5;
// Nobody is told that all is well who has no copy.
constexpr const char* kNothingToSend =
    "neither the volume nor the store has a snapshot of it; run without --no-snapshot";

// What may go away by itself, or once the listing is a new one.
bool is_passing(ErrorKind kind) {
  return kind == ErrorKind::Unavailable || kind == ErrorKind::Busy;
}
bool is_stale(ErrorKind kind) {
  return kind == ErrorKind::NotFound || kind == ErrorKind::Conflict || kind == ErrorKind::Corrupt;
}

std::string about(const std::string& volume, const std::string& message) {
  return message.find(volume) == std::string::npos ? volume + ": " + message : message;
}

class Run {
 public:
  Run(Source& source, Store& store, const RunOptions& options)
      : source_(source),
        store_(store),
        options_(options),
        asked_for_(store, options.host),
        patterns_(options.patterns),
        clock_(options.clock ? *options.clock : platform::system_clock()),
        waiter_(options.waiter ? *options.waiter : system_waiter()),
        progress_(options.progress ? *options.progress : own_progress_) {
    if (options.bytes_per_second > 0) limit_.emplace(options.bytes_per_second, waiter_);
  }

  RunReport execute() {
    check_options();
    take_inventory_or_say_so();
    // A listing may have told what a store is.
    set_policy();
    learn_old_names(source_, patterns_, volumes_, replicas_, policy_);
    rename_replicas();
    decide_freeze();
    if (options_.dry_run) {
      foresee();
    } else {
      freeze();
      transfer();
      record_asked();
      record_unchanged();
    }
    return conclude();
  }

 private:
  // What a volume has come to so far.
  struct Progression {
    VolumeOutcome outcome;
    bool pending = true;
    bool tried = false;  // a transfer was begun
    unsigned failures = 0;
  };

  struct Unlisted {
    std::string pattern;
    Error error;
  };

  void check_options() {
    report_.started = clock_.now().seconds;
    check_set_name(options_.set);
    if (options_.host.empty()) throw Error(ErrorKind::InvalidArgument, "the host has no name");
    if (options_.patterns.empty()) {
      throw Error(ErrorKind::InvalidArgument, "no volume was named; name one, or a pattern");
    }
    for (const std::string& pattern : options_.patterns) VolumePattern::parse(pattern);
  }

  void set_policy() {
    if (options_.recognise) options_.recognise(store_.identity());
    policy_.set = options_.set;
    policy_.host = options_.host;
    policy_.cursor = cursor_tag(options_.set, store_.identity());
    policy_.history = options_.history;
    policy_.take_nothing = options_.take_nothing;
    policy_.raw = options_.raw;
    policy_.start_anew = options_.start_anew;
    policy_.source = source_.features();
    policy_.store = store_.features();
  }

  bool cancelled() const {
    return options_.cancellation != nullptr && options_.cancellation->requested();
  }
  void pause(unsigned round) { waiter_.wait(kFirstPause * round, options_.cancellation); }

  // Tries again what fails for a reason that may pass.
  template <class Call>
  void persist(Call call) {
    for (unsigned round = 1;; ++round) {
      if (options_.cancellation != nullptr) options_.cancellation->check();
      try {
        return call();
      } catch (const Error& error) {
        if (!is_passing(error.kind()) || round >= options_.attempts) throw;
      }
      pause(round);
    }
  }

  void list_source() {
    persist([&] { volumes_ = source_.inventory(patterns_); });
  }
  void list_store() {
    persist([&] { replicas_ = store_.inventory(options_.host); });
  }

  // What could not even be listed was asked for all the same.
  void take_inventory_or_say_so() {
    try {
      take_inventory();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Cancelled && !options_.dry_run) record_unlisted();
      throw;
    }
  }

  void record_unlisted() noexcept {
    try {
      replicas_ = store_.inventory(options_.host);
      if (options_.recognise) options_.recognise(store_.identity());
      std::vector<AskedVolume> asked;
      for (const std::string& pattern : options_.patterns) asked.push_back({pattern, pattern});
      asked_for_.record(asked_change(options_.set, asked, {}, replicas_));
    } catch (const std::exception&) {
      // The failure that the run ends with says enough.
    }
  }

  void take_inventory() {
    const std::vector<Unlisted> unlisted = list_both();
    progress_.expect(volumes_.size() + unlisted.size());
    for (const VolumeState& volume : volumes_) add_volume(volume.name);
    for (const auto& [pattern, error] : unlisted) {
      add_volume(pattern);
      fail(pattern, error.kind(), error.message());
    }
    if (!options_.allow_empty) fail_empty();
  }

  void fail_empty() {
    for (const std::string& text : patterns_) {
      const auto pattern = VolumePattern::parse(text);
      const bool covers_any =
          std::any_of(volumes_.begin(), volumes_.end(),
                      [&](const VolumeState& volume) { return pattern.matches(volume.name); });
      // One without wildcards that is not there could not be listed.
      if (covers_any || !pattern.has_wildcards()) continue;
      add_volume(text);
      fail(text, ErrorKind::NotFound,
           "covers no volume; is its pool or disk away? If that is as it should be, pass "
           "--allow-empty");
    }
  }

  void add_volume(const std::string& name) {
    Progression& progression = progressions_[name];
    progression.outcome.volume = name;
    progression.outcome.replica = {options_.host, name};
    order_.push_back(name);
  }

  // At once: either takes its time, and neither depends on the other.
  std::vector<Unlisted> list_both() {
    auto first = std::async(std::launch::async, [&] { return store_.inventory(options_.host); });
    std::vector<Unlisted> unlisted = list_source_at_first();
    persist([&] { replicas_ = first.valid() ? first.get() : store_.inventory(options_.host); });
    return unlisted;
  }

  // One pattern that cannot be listed (nothing is there, or a key does not cover it) stops no
  // other: gives those, and goes on without them. Throws if it would be without any.
  std::vector<Unlisted> list_source_at_first() {
    try {
      list_source();
      return {};
    } catch (const Error& error) {
      if (patterns_.size() < 2 || concerns_all(error.kind())) throw;
    }
    std::vector<Unlisted> unlisted;
    patterns_.clear();
    for (const std::string& pattern : options_.patterns) {
      try {
        persist([&] { source_.inventory({pattern}); });
        patterns_.push_back(pattern);
      } catch (const Error& error) {
        if (concerns_all(error.kind())) throw;
        unlisted.push_back({pattern, error});
      }
    }
    if (patterns_.empty()) throw Error(unlisted.front().error);
    list_source();
    return unlisted;
  }

  static bool concerns_all(ErrorKind kind) {
    return is_passing(kind) || kind == ErrorKind::Cancelled;
  }

  // What volumes were renamed to, the store is told, so that they are found by these names there,
  // and what has their old ones by now gets a place of its own. What fails for a reason that may
  // pass is planned again from a new listing.
  void rename_replicas() {
    for (unsigned round = 1;; ++round) {
      const std::vector<Move> moves = find_moves(source_, volumes_, replicas_, policy_);
      if (moves.empty()) return;
      const std::optional<Error> failure = make_moves(moves);
      if (options_.dry_run) return;
      list_store();
      if (!failure) return;
      if (!is_passing(failure->kind()) || round >= options_.attempts) {
        return go_on_without(find_moves(source_, volumes_, replicas_, policy_), *failure);
      }
      pause(round);
    }
  }

  // Until one fails.
  std::optional<Error> make_moves(const std::vector<Move>& moves) {
    for (const Move& move : moves) {
      try {
        if (!options_.dry_run) store_.move(move.from, move.to);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::Cancelled) throw;
        return error;
      }
      replicas_ = after_move(std::move(replicas_), move);
      note_move(move);
    }
    return std::nullopt;
  }

  // Their volumes go on under the names that they had, and wait for the next run where others have
  // these names by now: each would be taken for the other, and both begun anew. A store that can
  // never do it lets nobody wait.
  void go_on_without(const std::vector<Move>& moves, const Error& error) {
    for (const Move& move : moves) {
      const std::string message = "was named " + move.was +
                                  ", and its copy could not get its new name: " + error.message() +
                                  "; the next run tries again";
      const bool has_successor = progressions_.contains(move.from.path);
      const bool is_on_its_way = path_before_aside(move.from.path).has_value();
      if ((!has_successor && !is_on_its_way) || error.kind() == ErrorKind::Unsupported) {
        report_.warnings.push_back(move.to.path + ": " + message);
        continue;
      }
      if (has_successor) {
        fail(move.from.path, error.kind(),
             "its name was that of another volume, whose copy could not get its new name: " +
                 error.message() + "; the next run tries again");
      }
      if (progressions_.contains(move.to.path)) fail(move.to.path, error.kind(), message);
    }
  }

  void note_move(const Move& move) {
    const auto found = progressions_.find(move.to.path);
    if (found != progressions_.end()) {
      found->second.outcome.renamed_from = move.was;
    } else if (!path_before_aside(move.to.path)) {
      report_.warnings.push_back(move.to.path + ": was named " + move.was +
                                 ", and is not part of this run; its copy has its new name");
    }
  }

  void decide_freeze() {
    report_.decisions = plan_freeze(volumes_, replicas_, policy_);
    for (const FreezeDecision& decision : report_.decisions) {
      if (is_pending(decision.volume)) {
        progressions_[decision.volume].outcome.reason = decision.reason;
      }
    }
  }

  std::vector<std::string> to_freeze() const {
    std::vector<std::string> names;
    for (const FreezeDecision& decision : report_.decisions) {
      if (decision.action == FreezeAction::Freeze && is_pending(decision.volume)) {
        names.push_back(decision.volume);
      }
    }
    return names;
  }

  // One second after the other, from now on, until neither side knows a snapshot of that name.
  std::string free_name() {
    std::set<std::string_view> taken;
    for (const VolumeState& volume : volumes_) {
      for (const Point& point : volume.points) taken.insert(point.name);
    }
    for (const ReplicaState& replica : replicas_) {
      for (const Point& point : replica.points) taken.insert(point.name);
    }
    std::string name;
    do {
      name_time_ = std::max(name_time_ + 1, report_.started);
      name = snapshot_name(options_.set, name_time_);
    } while (taken.contains(name));
    return name;
  }

  // All volumes of the run at once; then the listing that has the new snapshots in it, and
  // whatever others have taken meanwhile.
  void freeze() {
    for (unsigned round = 1;; ++round) {
      const std::vector<std::string> names = to_freeze();
      if (names.empty()) return;
      try {
        take_snapshots(names);
        list_source();
        return require_frozen();
      } catch (const Error& error) {
        if (!is_passing(error.kind()) || round >= options_.attempts) {
          for (const std::string& name : names) fail(name, error.kind(), error.message());
          return;
        }
      }
      pause(round);
      // The snapshots may be there, and only the answer was lost.
      list_source();
      decide_freeze();
    }
  }

  // What was frozen is in the listing, or the run would find nothing new and call that unchanged.
  void require_frozen() {
    std::map<std::string_view, const VolumeState*> listed;
    for (const VolumeState& volume : volumes_) listed.emplace(volume.name, &volume);
    for (const auto& [name, guid] : frozen_) {
      const auto found = listed.find(name);
      // One that is gone altogether is told so.
      if (found == listed.end() || has_guid(found->second->points, guid)) continue;
      fail(name, ErrorKind::NotFound,
           "its new snapshot " + report_.snapshot +
               " is gone again; see what else removes snapshots there, and run the command again");
    }
  }

  void take_snapshots(const std::vector<std::string>& names) {
    for (int tries = 1;; ++tries) {
      const std::string name = free_name();
      try {
        const Freeze result = source_.freeze(names, name);
        if (!result.frozen.empty()) report_.snapshot = name;
        return account_for(names, result);
      } catch (const Error& error) {
        // Another run of this set has begun in the same second.
        if (error.kind() != ErrorKind::AlreadyExists || tries >= kNameTries) throw;
      }
    }
  }

  void account_for(const std::vector<std::string>& names, const Freeze& result) {
    for (const auto& [volume, snapshot] : result.frozen) frozen_[volume] = snapshot.guid;
    for (const VolumeFailure& failure : result.failed) {
      if (progressions_.contains(failure.volume)) {
        fail(failure.volume, ErrorKind::Unavailable, failure.message);
      }
    }
    for (const std::string& name : names) {
      if (frozen_.contains(name) || !is_pending(name)) continue;
      fail(name, ErrorKind::Corrupt, "the source neither took a snapshot of it nor said why not");
    }
  }

  void finish(const std::string& volume, Outcome outcome) {
    Progression& progression = progressions_[volume];
    if (!progression.pending) return;
    progression.pending = false;
    progression.outcome.outcome = outcome;
    progress_.done();
  }

  void fail(const std::string& volume, ErrorKind kind, const std::string& message) {
    VolumeOutcome& outcome = progressions_[volume].outcome;
    outcome.error = kind;
    outcome.reason = about(volume, message);
    finish(volume, Outcome::Failed);
  }

  bool is_pending(const std::string& volume) const {
    const auto found = progressions_.find(volume);
    return found != progressions_.end() && found->second.pending;
  }

  bool anything_pending() const {
    return std::any_of(progressions_.begin(), progressions_.end(),
                       [](const auto& entry) { return entry.second.pending; });
  }

  // In rounds: what failed for a passing reason, or has only finished a resumed stream, is
  // planned again from new listings.
  void transfer() {
    for (unsigned round = 1; anything_pending(); ++round) {
      const bool has_to_wait = transfer_round();
      if (!anything_pending()) break;
      if (cancelled()) return give_up(ErrorKind::Cancelled, "interrupted; run the command again");
      try {
        if (has_to_wait) pause(round);
        list_source();
        list_store();
      } catch (const Error& error) {
        return give_up(error.kind(), error.message());
      }
    }
  }

  void give_up(ErrorKind kind, const std::string& message) {
    for (const std::string& volume : order_) {
      const Progression& progression = progressions_[volume];
      if (!progression.pending) continue;
      if (progression.failures > 0 && kind != ErrorKind::Cancelled) {
        fail(volume, progression.outcome.error, progression.outcome.reason);
      } else {
        fail(volume, kind, message);
      }
    }
  }

  bool transfer_round() {
    std::vector<VolumePlan> plans = plan_transfer(volumes_, replicas_, policy_);
    std::vector<const VolumePlan*> transfers;
    settlements_.clear();
    for (const VolumePlan& plan : plans) {
      if (!is_pending(plan.volume)) continue;
      if (plan.verdict == Verdict::Transfer) {
        note_plan(plan);
        transfers.push_back(&plan);
      } else {
        accept(plan);
      }
    }
    fail_vanished(plans);
    warn_of_decrypted(plans);
    if (report_.plans.empty()) record_first(plans);
    describe(transfers);
    const bool has_to_wait = carry_out(transfers);
    settle();
    if (report_.plans.empty()) report_.plans = std::move(plans);
    return has_to_wait;
  }

  void fail_vanished(const std::vector<VolumePlan>& plans) {
    std::set<std::string_view> listed;
    for (const VolumePlan& plan : plans) listed.insert(plan.volume);
    for (const std::string& volume : order_) {
      if (is_pending(volume) && !listed.contains(volume)) {
        fail(volume, ErrorKind::NotFound, "the source has it no more; it was there a moment ago");
      }
    }
  }

  void note_plan(const VolumePlan& plan) {
    Progression& progression = progressions_[plan.volume];
    VolumeOutcome& outcome = progression.outcome;
    outcome.replica = plan.replica;
    for (std::string& line : step_lines(plan)) outcome.steps.push_back(std::move(line));
    if (!plan.set_aside.empty()) {
      outcome.warning = plan.volume + ": " + plan.set_aside +
                        "; that copy is set aside, whole, and a new one begun with a full stream";
    }
    if (!sends(plan)) return;
    if (!progression.tried) {
      outcome.reason = plan.reason;
      outcome.base = first_base(plan);
    }
    progression.tried = true;
  }

  // Not only discards what was half received.
  static bool sends(const VolumePlan& plan) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
      return std::holds_alternative<SendStep>(step.what) ||
             std::holds_alternative<ResumeStep>(step.what);
    });
  }

  static std::string first_base(const VolumePlan& plan) {
    for (const Step& step : plan.steps) {
      const StreamRequest* stream = nullptr;
      if (const auto* send = std::get_if<SendStep>(&step.what)) stream = &send->stream;
      if (const auto* resume = std::get_if<ResumeStep>(&step.what)) stream = &resume->stream;
      if (stream == nullptr) continue;
      if (!stream->base) return {};
      return (stream->base->kind == PointKind::Bookmark ? "#" : "@") + stream->base->name;
    }
    return {};
  }

  // A plan without a transfer.
  void accept(const VolumePlan& plan) {
    Progression& progression = progressions_[plan.volume];
    VolumeOutcome& outcome = progression.outcome;
    outcome.replica = plan.replica;
    if (plan.newest) outcome.snapshot = plan.newest->name;
    if (plan.settlement) settlements_.push_back(*plan.settlement);
    switch (plan.verdict) {
      case Verdict::Skip:
        outcome.reason = plan.reason;
        return finish(plan.volume, Outcome::Skipped);
      case Verdict::Conflict:
        outcome.reason = plan.reason;
        outcome.conflict = plan.conflict->kind;
        return finish(plan.volume, Outcome::Conflict);
      default:
        return conclude_volume(plan, progression.tried);
    }
  }

  void conclude_volume(const VolumePlan& plan, bool was_sent) {
    if (!plan.newest) return fail(plan.volume, ErrorKind::NotFound, kNothingToSend);
    finish(plan.volume, was_sent ? Outcome::Sent : Outcome::Unchanged);
  }

  // Nobody keeps what was encrypted readable without having said so.
  void warn_of_decrypted(const std::vector<VolumePlan>& plans) {
    if (options_.raw == RawPolicy::Decrypt || !report_.plans.empty()) return;
    std::string names;
    for (const VolumePlan& plan : plans) {
      if (plan.decrypted) names.append(names.empty() ? "" : ", ").append(plan.volume);
    }
    if (names.empty()) return;
    report_.warnings.push_back(
        names +
        ": encrypted here, and received decrypted, so the store can read it unless it is "
        "encrypted itself; pass --decrypt to agree, or --raw --start-anew to begin again "
        "encrypted");
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
      for (VolumeDescription& description : source_.describe(volumes)) {
        descriptions.push_back(
            {replicas.at(description.volume), std::move(description.properties)});
      }
      if (!descriptions.empty()) store_.describe(descriptions);
    } catch (const Error& error) {
      report_.warnings.push_back("the properties of volumes could not be recorded: " +
                                 error.message());
    }
  }

  // True if a volume has failed in a way that time may heal.
  bool carry_out(const std::vector<const VolumePlan*>& plans) {
    TransferOptions options;
    options.parallel = std::max(1u, options_.parallel);
    options.limit = limit_ ? &*limit_ : nullptr;
    options.waiter = &waiter_;
    options.cancellation = options_.cancellation;
    options.progress = &progress_;
    const std::vector<TransferResult> results = transfer_all(source_, store_, plans, options);
    bool has_to_wait = false;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      account(*plans[i], results[i]);
      if (results[i].error) {
        has_to_wait |= is_passing(results[i].error->kind());
        judge_failure(*plans[i], results[i]);
      } else if (!plans[i]->plan_again) {
        if (plans[i]->newest)
          progressions_[plans[i]->volume].outcome.snapshot = plans[i]->newest->name;
        if (plans[i]->settlement) settlements_.push_back(*plans[i]->settlement);
        conclude_volume(*plans[i], sends(*plans[i]));
      }
    }
    return has_to_wait;
  }

  void account(const VolumePlan& plan, const TransferResult& result) {
    VolumeOutcome& outcome = progressions_[plan.volume].outcome;
    outcome.bytes += result.bytes;
    outcome.seconds += result.seconds;
    for (const std::string& note : result.notes) outcome.steps.push_back(note);
    // What begins in its place is another replica.
    if (!result.notes.empty()) policy_.refused.erase(plan.replica);
  }

  void judge_failure(const VolumePlan& plan, const TransferResult& result) {
    Progression& progression = progressions_[plan.volume];
    const ErrorKind kind = result.error->kind();
    ++progression.failures;
    if (!result.resume_token.empty()) distrust(result.resume_token, kind);
    const bool again = is_passing(kind) ? progression.failures < options_.attempts
                                        : is_stale(kind) && progression.failures < 2;
    if (!again && kind == ErrorKind::Conflict && may_begin_anew(plan, *result.error)) return;
    if (!again && may_send_less(plan, *result.error)) return;
    if (!again) return fail(plan.volume, kind, result.error->message());
    progression.outcome.error = kind;
    progression.outcome.reason = about(plan.volume, result.error->message());
  }

  // A store that refuses what fits by both listings knows of a change that its listing does not
  // tell. Only who asked for a new beginning gets one.
  bool may_begin_anew(const VolumePlan& plan, const Error& error) {
    if (!options_.start_anew) return false;
    return policy_.refused.emplace(plan.replica, error.message()).second;
  }

  // Snapshots of the set that never arrived are no debt: where one of them cannot be sent, or does
  // not fit into the store, the newest goes alone. What stood in the way may be gone since.
  bool may_send_less(const VolumePlan& plan, const Error& error) {
    if (concerns_all(error.kind()) || error.kind() == ErrorKind::Conflict) return false;
    const std::size_t all = count_snapshots(plan);
    if (all < 2 || !policy_.newest_alone.insert(plan.volume).second) return false;
    progressions_[plan.volume].outcome.warning =
        about(plan.volume, error.message()) + "; so, of the " + std::to_string(all) +
        " snapshots that the store lacks, only the newest of this set goes";
    return true;
  }

  static std::size_t count_snapshots(const VolumePlan& plan) {
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

  // A token that the ends refuse is discarded at once. One that breaks off twice without a byte
  // of progress, while both ends answer, must not stop the volume for ever (sanoid#304).
  void distrust(const std::string& token, ErrorKind kind) {
    if (is_passing(kind) ? ++token_failures_[token] >= 2
                         : kind != ErrorKind::Cancelled && kind != ErrorKind::NoSpace) {
      policy_.stale_tokens.insert(token);
    }
  }

  void settle() {
    if (settlements_.empty()) return;
    try {
      for (const VolumeFailure& failure : source_.settle(settlements_)) {
        progressions_[failure.volume].outcome.warning = about(failure.volume, failure.message);
      }
    } catch (const Error& error) {
      report_.warnings.push_back("the source could not be tidied up: " + error.message() +
                                 "; the next run does it");
    }
  }

  // Before the first byte crosses, so that what is interrupted was asked for, too.
  void record_first(const std::vector<VolumePlan>& plans) {
    std::vector<AskedVolume> asked;
    for (const VolumePlan& plan : plans) {
      if (plan.verdict != Verdict::Skip) asked.push_back({plan.volume, plan.replica.path});
    }
    record(asked_change(options_.set, asked, {}, replicas_));
  }

  void record_asked() {
    std::vector<AskedVolume> asked;
    for (const std::string& volume : order_) {
      const VolumeOutcome& outcome = progressions_[volume].outcome;
      asked.push_back({volume, outcome.replica.path, state_of(outcome.outcome)});
    }
    record(asked_change(options_.set, asked, options_.patterns, replicas_));
  }

  static AskedVolume::State state_of(Outcome outcome) {
    if (outcome == Outcome::Skipped) return AskedVolume::State::Excluded;
    if (outcome == Outcome::Sent) return AskedVolume::State::Arrived;
    return outcome == Outcome::Unchanged ? AskedVolume::State::Present
                                         : AskedVolume::State::Waiting;
  }

  void record(const ExpectationChange& change) {
    const std::string trouble = asked_for_.record(change);
    if (!trouble.empty()) report_.warnings.push_back(trouble);
  }

  // What was looked at and found as the store has it counts as backed up now.
  void record_unchanged() {
    std::vector<VolumeName> unchanged;
    for (const FreezeDecision& decision : report_.decisions) {
      const VolumeOutcome& outcome = progressions_[decision.volume].outcome;
      if (decision.nothing_written && decision.action != FreezeAction::Freeze &&
          (outcome.outcome == Outcome::Unchanged || outcome.outcome == Outcome::Sent)) {
        unchanged.push_back(outcome.replica);
      }
    }
    if (unchanged.empty()) return;
    std::sort(unchanged.begin(), unchanged.end());
    try {
      store_.record_unchanged(options_.set, report_.started, unchanged);
    } catch (const Error& error) {
      report_.warnings.push_back("that volumes were found unchanged could not be recorded: " +
                                 error.message());
    }
  }

  // The plan as it would be after the freeze.
  void foresee() {
    if (!to_freeze().empty()) report_.snapshot = free_name();
    std::map<std::string_view, VolumeState*> by_name;
    for (VolumeState& volume : volumes_) by_name[volume.name] = &volume;
    std::uint64_t number = ~std::uint64_t{0};
    for (const std::string& name : to_freeze()) {
      std::vector<Point>& points = by_name.at(name)->points;
      Point point;
      point.name = report_.snapshot;
      point.guid = Guid::from_number(number--);
      point.order = points.empty() ? 1 : points.back().order + 1;
      points.push_back(std::move(point));
    }
    auto plans = plan_transfer(volumes_, replicas_, policy_);
    warn_of_decrypted(plans);
    report_.plans = std::move(plans);
    for (const VolumePlan& plan : report_.plans) {
      if (plan.verdict != Verdict::Transfer) {
        accept(plan);
      } else {
        note_plan(plan);
        finish(plan.volume, sends(plan) ? Outcome::Planned : Outcome::Unchanged);
      }
    }
  }

  // What could not be listed, the run has told.
  void look_below() {
    try {
      report_.not_covered = not_covered(source_, patterns_, volumes_);
    } catch (const Error&) {
    }
  }

  RunReport conclude() {
    if (options_.name_not_covered && !cancelled()) look_below();
    report_.absent = absent_stores(volumes_);
    std::erase_if(report_.absent, [&](const AbsentStore& store) {
      return cursor_tag(store.set, store.store) == policy_.cursor;
    });
    for (const std::string& volume : order_) {
      report_.volumes.push_back(std::move(progressions_[volume].outcome));
    }
    report_.cancelled = cancelled();
    report_.finished = clock_.now().seconds;
    return std::move(report_);
  }

  Source& source_;
  Store& store_;
  const RunOptions& options_;
  AskedFor asked_for_;
  std::vector<std::string> patterns_;  // that the source could list
  platform::Clock& clock_;
  Waiter& waiter_;
  RunProgress own_progress_;
  RunProgress& progress_;
  std::optional<RateLimit> limit_;
  Policy policy_;
  std::vector<VolumeState> volumes_;
  std::vector<ReplicaState> replicas_;
  std::vector<std::string> order_;
  std::map<std::string, Progression> progressions_;
  std::vector<Settlement> settlements_;  // of this round
  std::map<std::string, Guid> frozen_;   // the new snapshots, by volume
  std::map<std::string, unsigned> token_failures_;
  std::int64_t name_time_ = 0;
  RunReport report_;
};

}  // namespace

RunReport run(Source& source, Store& store, const RunOptions& options) {
  return Run(source, store, options).execute();
}

}  // namespace snapferry::replication
