#include <gtest/gtest.h>

#include "repository/test_protocol_model.h"

namespace snapferry::repository::model {
namespace {

ObjectId id_of(int number) {
  ObjectId id;
  id.bytes[0] = static_cast<std::uint8_t>(number + 1);
  return id;
}

std::vector<ObjectId> ids_of(Mask mask) {
  std::vector<ObjectId> ids;
  for (int i = 0; i < 8; ++i) {
    if ((mask >> i & 1) != 0) ids.push_back(id_of(i));
  }
  return ids;
}

std::size_t hash_of(const State& state) {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(&state), sizeof state});
}

Ended ended(EndingStage stage, Mask manifests) {
  Ended object;
  object.stage = stage;
  object.claims = {{id_of(0), ids_of(manifests)}};
  return object;
}

}  // namespace

Model::Model(Schedule schedule, Rules rules) : schedule_(schedule), rules_(rules) {
  for (int intent = 0; intent < 2; ++intent) {
    for (int final = 0; final < 2; ++final) {
      Endings endings;
      if (intent != 0) endings.add(ended(EndingStage::Intent, 0));
      if (final != 0) endings.add(ended(EndingStage::Final, 0));
      named_[intent][final] = endings.name(id_of(0));
    }
  }
  for (int list = 0; list < 32; ++list) {
    Endings endings;
    endings.add(ended(EndingStage::Final, static_cast<Mask>(list)));
    for (int one = 0; one < 8; ++one) void_[list][one] = endings.make_void(id_of(0), id_of(one));
    for (int listed = 0; listed < 32; ++listed) {
      may_go_on_[list][listed] =
          may_remove(0, true, ids_of(static_cast<Mask>(list)), ids_of(static_cast<Mask>(listed)));
    }
  }
}

bool Model::is_named(const State& state, int claim) const {
  return named_[state.intents[claim] != 0 ? 1 : 0][has(state.finals, claim) ? 1 : 0];
}

bool Model::is_void(const State& state, int manifest) const {
  const int claim = manifest - 1;
  if (manifest == 0 || !has(state.finals, claim) || !rules_.void_manifests) return false;
  return void_[state.finals_list[claim]][manifest];
}

Mask Model::void_manifests(const State& state) const {
  Mask mask = 0;
  for (int manifest = 1; manifest <= schedule_.backups; ++manifest) {
    if (is_void(state, manifest)) mask |= bit(manifest);
  }
  return mask;
}

bool Model::is_intact(const State& state, int claim) const {
  return has(state.claims, claim) && !(rules_.void_manifests && is_named(state, claim));
}

bool Model::may_go_on(const State& state, const Process& prune) const {
  const Mask listed = rules_.new_manifests_stop_it
                          ? state.manifests
                          : static_cast<Mask>(prune.seen & state.manifests);
  return may_go_on_[prune.seen][listed];
}

std::string Model::fault_of(const State& state) const {
  const Mask snapshots = state.manifests & ~void_manifests(state);
  if (snapshots != 0 && state.packs == 0) return "a snapshot has lost its content";
  for (int backup = 0; backup < schedule_.backups; ++backup) {
    if (state.processes[backup].succeeded && !has(snapshots, 1 + backup)) {
      return "a backup ended with success and is no snapshot";
    }
  }
  return {};
}

std::string Model::explore() {
  State start;
  start.endings_left = static_cast<std::uint8_t>(schedule_.endings);
  if (schedule_.begins_empty) start.packs = start.indexed = start.manifests = 0;
  visit(start);
  return fault_;
}

void Model::visit(const State& state) {
  if (!fault_.empty() || !visited_.insert(hash_of(state)).second) return;
  fault_ = fault_of(state);
  if (!fault_.empty()) {
    for (const std::string& taken : path_) fault_ += "\n  " + taken;
    return;
  }
  const Next next = [&](const State& after, const std::string& what) {
    path_.push_back(what);
    visit(after);
    path_.pop_back();
  };
  for (int process = 0; process < processes() && fault_.empty(); ++process) {
    step(state, process, next);
  }
  if (has(state.manifests, 0)) {
    State after = state;
    after.manifests &= ~bit(0);
    next(after, "forget M0");
  }
}

void Model::step(const State& state, int process, const Next& next) const {
  if (state.processes[process].ending != 0xff) return step_ending(state, process, next);
  return is_backup(process) ? step_backup(state, process, next) : step_prune(state, process, next);
}

// E1 to E4, by a prune.
void Model::step_ending(const State& state, int process, const Next& next) const {
  State after = state;
  Process& self = after.processes[process];
  const int claim = self.ending;
  switch (self.ending_step++) {
    case 0:
      after.intents[claim] |= bit(process);
      break;
    case 1:  // E2; the manifest under a claim of a prune does not exist
      self.ending_list = is_backup(claim) ? state.manifests & bit(1 + claim) : Mask{0};
      break;
    case 2:
      after.finals_list[claim] =
          has(state.finals, claim) ? state.finals_list[claim] & self.ending_list : self.ending_list;
      after.finals |= bit(claim);
      break;
    default:
      after.claims &= ~bit(claim);
      after.intents[claim] = 0;
      self.ending = 0xff;
      self.ending_step = 0;
      self.ending_list = 0;
  }
  next(after, "process " + std::to_string(process) + " ends claim " + std::to_string(claim) +
                  ", E" + std::to_string(self.ending == 0xff ? 4 : self.ending_step));
}

void Model::take_for_dead(const State& state, int process, const Next& next) const {
  if (state.endings_left == 0) return;
  for (int claim = 0; claim < processes(); ++claim) {
    if (claim == process || !has(state.claims, claim)) continue;
    State after = state;
    --after.endings_left;
    after.processes[process].ending = static_cast<std::uint8_t>(claim);
    step_ending(after, process, next);
  }
}

// The looks at the claim before the index object and before the manifest only save work, and are
// left out.
void Model::step_backup(const State& state, int process, const Next& next) const {
  State after = state;
  Process& self = after.processes[process];
  const std::string name = "backup " + std::to_string(process) + ": ";
  const auto go = [&](int to, const std::string& what) {
    self.step = static_cast<std::uint8_t>(to);
    next(after, name + what);
  };
  enum {
    Claims,
    ReadsCondemned,
    ListsManifests,
    ReadsEnded,
    LooksUp,
    Packs,
    Indexes,
    Writes,
    ListsClaims,
    ReadsEndedAgain,
    Releases,
    Removes,
    Done,
  };
  switch (self.step) {
    case Claims:
      after.claims |= bit(process);
      return go(ReadsCondemned, "B1 claim");
    case ReadsCondemned:
      for (int i = 0; i < kMost; ++i) {
        if (has(state.condemned_lists, i)) self.condemned |= state.condemned[i];
      }
      if (!rules_.condemned_count_as_absent) self.condemned = 0;
      return go(ListsManifests, "B2 condemned");
    case ListsManifests:
      self.seen = state.manifests;
      return go(ReadsEnded, "B3 manifests");
    case ReadsEnded: {
      const Mask bases = self.seen & ~void_manifests(state) & ~bit(1 + process);
      self.seen = 0;
      go(LooksUp, "B3 no base");
      // Which base it is makes no difference for what follows.
      if (bases == 0) return;
      if (self.condemned != 0 && rules_.base_is_looked_up) return;  // as without a base
      self.condemned = 0;
      return go(Writes, "B3 takes X from base");
    }
    case LooksUp: {
      const Mask there = rules_.entries_need_packs ? state.indexed & state.packs : state.indexed;
      const bool found = (there & ~self.condemned) != 0;
      self.condemned = 0;
      return go(found ? Writes : Packs, found ? "B4 has X" : "B4 lacks X");
    }
    case Packs:
      after.packs |= bit(1 + process);
      return go(Indexes, "B4 pack");
    case Indexes:
      after.indexed |= bit(1 + process);
      return go(Writes, "B4 index");
    case Writes:
      after.manifests |= bit(1 + process);
      return go(ListsClaims, "B6 manifest");
    case ListsClaims:
      return go(has(state.claims, process) ? ReadsEndedAgain : Removes, "B7 lists claims");
    case ReadsEndedAgain:
      if (rules_.void_manifests && is_named(state, process)) return go(Removes, "B7 was ended");
      self.succeeded = true;
      return go(Releases, "B7 succeeds");
    case Releases:
      after.claims &= ~bit(process);
      return go(Done, "B8 releases");
    case Removes:
      after.manifests &= ~bit(1 + process);
      return go(Done, "removes its manifest");
    default:
      return;
  }
}

// P2: which packs go, and whether the one that is kept is written again first.
void Model::decide(State& state, int process) const {
  Process& self = state.processes[process];
  const bool needed = (self.seen & ~void_manifests(state)) != 0;
  const Mask there = state.indexed & state.packs;
  self.chosen = 0xff;
  for (const Mask candidates : {static_cast<Mask>(there & ~self.condemned), there}) {
    for (int pack = 0; needed && self.chosen == 0xff && pack <= kMost; ++pack) {
      if (has(candidates, pack)) self.chosen = static_cast<std::uint8_t>(pack);
    }
  }
  const Mask outside = state.packs & ~state.indexed & self.condemned;
  self.going = there | outside;
  if (self.chosen != 0xff) self.going &= ~bit(self.chosen);
}

void Model::step_prune(const State& state, int process, const Next& next) const {
  State after = state;
  Process& self = after.processes[process];
  const std::string name = "prune " + std::to_string(process) + ": ";
  enum {
    Claims,
    Ends,
    ReadsCondemned,
    Adopts,
    ListsManifests,
    Decides,
    Condemns,
    EndsAgain,
    ListsOwn,
    ReadsEnded,
    ListsAgain,
    RemovesPacks,
    Copies,
    Indexes,
    RemovesLists,
    Releases,
    Done
  };
  const auto go = [&](int to, const std::string& what) {
    self.step = static_cast<std::uint8_t>(to);
    if (to < Releases) return next(after, name + what);
    State forgotten = after;  // what the prune knew makes no difference any more
    forgotten.processes[process] = {.step = static_cast<std::uint8_t>(to)};
    next(forgotten, name + what);
  };
  const bool alone = (state.claims & ~bit(process)) == 0;
  switch (self.step) {
    case Claims:
      after.claims |= bit(process);
      return go(Ends, "P1 claim");
    case Ends:
      take_for_dead(state, process, next);
      self.rewrites = alone;  // used for this until Decides
      return go(ReadsCondemned, alone ? "P1 is alone" : "P1 is not alone");
    case ReadsCondemned:
      self.lists = state.condemned_lists;
      for (int i = 0; i < kMost; ++i) {
        if (has(state.condemned_lists, i)) self.condemned |= state.condemned[i];
      }
      return go(self.rewrites ? Adopts : ListsManifests, "P1 condemned");
    case Adopts:
      after.indexed |= state.packs & ~self.condemned;
      return go(ListsManifests, "P2 adopts");
    case ListsManifests:
      self.seen = state.manifests;
      self.rewrites = false;
      return go(Decides, "P2 manifests");
    case Decides:
      decide(after, process);
      go(Condemns, "P2 keeps its copy");
      if (self.chosen == 0xff) return;
      self.rewrites = true;
      return go(Condemns, "P2 will copy X");
    case Condemns:
      if (!is_intact(state, process)) return go(Done, "P4 was ended");
      if ((self.going & ~self.condemned) != 0) {
        after.condemned[process] |= self.going & ~self.condemned;
        after.condemned_lists |= bit(process);
        self.lists |= bit(process);
      }
      return go(EndsAgain, "P4 condemns");
    case EndsAgain:
      take_for_dead(state, process, next);
      return go(alone ? ListsOwn : Releases, alone ? "P5 is alone" : "P5 waits for others");
    case ListsOwn:
      if (!rules_.own_claim_is_checked) return go(ListsAgain, "P5 does not look at its claim");
      return go(has(state.claims, process) ? ReadsEnded : Done, "P5 lists claims");
    case ReadsEnded:
      return go(is_named(state, process) ? Done : ListsAgain, "P5 reads ended claims");
    case ListsAgain:
      return go(may_go_on(state, self) ? RemovesPacks : Releases, "P6 manifests");
    case RemovesPacks:
      after.packs &= ~self.going;
      after.indexed &= ~self.going;
      self.going = 0;
      if (!self.rewrites) return go(RemovesLists, "P7 index, P8 packs");
      self.rewrites = false;
      return go(Copies, "P7 index, P8 packs");
    case Copies:
      if (!has(state.packs, self.chosen)) return go(Releases, "P3 cannot read X");
      after.packs |= bit(1 + process);
      return go(Indexes, "P3 copies X");
    case Indexes:
      if (!is_intact(state, process)) return go(Done, "P3 was ended");
      after.indexed |= bit(1 + process);
      self.going = bit(self.chosen);
      return go(Condemns, "P3 index");
    case RemovesLists:
      for (int i = 0; i < kMost; ++i) {
        if (!has(self.lists & state.condemned_lists, i) ||
            (state.condemned[i] & state.packs) != 0) {
          continue;
        }
        after.condemned_lists &= ~bit(i);
        after.condemned[i] = 0;
      }
      after.manifests &= ~(self.seen & void_manifests(state));
      return go(Releases, "P9 lists");
    case Releases:
      after.claims &= ~bit(process);
      return go(Done, "releases");
    default:
      return;
  }
}

namespace {

void expect_no_fault(Schedule schedule) {
  Model model(schedule, {});
  EXPECT_EQ(model.explore(), "");
  EXPECT_GT(model.states(), 1000u);
  ::testing::Test::RecordProperty("states", std::to_string(model.states()));
}

void expect_fault(Schedule schedule, Rules rules) {
  Model model(schedule, rules);
  EXPECT_NE(model.explore(), "");
}

TEST(ProtocolModel, TwoBackupsAndAPruneLoseNothing) {
  expect_no_fault({.backups = 2, .prunes = 1, .endings = 3});
  expect_no_fault({.backups = 2, .prunes = 1, .endings = 3, .begins_empty = true});
}

TEST(ProtocolModel, ABackupAndTwoPrunesLoseNothing) {
  expect_no_fault({.backups = 1, .prunes = 2, .endings = 2});
}

TEST(ProtocolModel, TwoBackupsAndTwoPrunesLoseNothing) {
  expect_no_fault({.backups = 2, .prunes = 2, .endings = 0});
  expect_no_fault({.backups = 2, .prunes = 2, .endings = 1, .begins_empty = true});
}

TEST(ProtocolModel, FindsTheSleeperThatIsTakenForDeadWithoutVoidManifests) {
  expect_fault({.backups = 1, .prunes = 1, .endings = 1}, {.void_manifests = false});
}

TEST(ProtocolModel, FindsTheStaleIndexThatIsTakenForProof) {
  expect_fault({.backups = 2, .prunes = 1, .endings = 1, .begins_empty = true},
               {.entries_need_packs = false});
}

TEST(ProtocolModel, FindsTheBaseWhoseContentIsCondemned) {
  expect_fault({.backups = 2, .prunes = 1, .endings = 1}, {.base_is_looked_up = false});
}

TEST(ProtocolModel, FindsThePrunesThatEndEachOther) {
  expect_fault({.backups = 0, .prunes = 2, .endings = 2}, {.own_claim_is_checked = false});
}

TEST(ProtocolModel, FindsTheSnapshotThatAPruneDidNotSee) {
  expect_fault({.backups = 1, .prunes = 1, .endings = 0}, {.new_manifests_stop_it = false});
}

TEST(ProtocolModel, FindsTheBackupThatReliesOnCondemnedPacks) {
  expect_fault({.backups = 1, .prunes = 1, .endings = 0}, {.condemned_count_as_absent = false});
}

}  // namespace
}  // namespace snapferry::repository::model
