#pragma once

// The protocol of FORMAT.md, "Removing without locks", as a model: small schedules of backups,
// prunes and a forget, of which every interleaving of every step is tried. A process that stands
// still for ever is one that crashed, so crashes, sleep and skewed clocks need no steps of their
// own: any claim may be taken for dead whenever a prune looks. One content, X, is in a pack that
// is there from the beginning, and every snapshot needs it.

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "repository/collect_plan.h"
#include "repository/ended.h"

namespace snapferry::repository::model {

// What can be switched off, to see that the model finds what each is for.
struct Rules {
  bool void_manifests = true;             // finals make manifests void; B7 reads ended claims
  bool base_is_looked_up = true;          // B3, while anything is condemned
  bool entries_need_packs = true;         // an index entry counts only while its pack is listed
  bool own_claim_is_checked = true;       // P5, after it ended others
  bool new_manifests_stop_it = true;      // P6
  bool condemned_count_as_absent = true;  // B2
};

struct Schedule {
  int backups = 1;
  int prunes = 1;
  int endings = 2;            // how many claims may be taken for dead in all
  bool begins_empty = false;  // without X, and without a snapshot
};

// Masks: pack 0 is there from the beginning, pack 1 + i is of process i. Manifest 0 is there from
// the beginning, manifest 1 + i is of backup i. Claims have the numbers of processes: backups
// first.
inline constexpr int kMost = 4;
using Mask = std::uint8_t;

struct Process {
  std::uint8_t step = 0;
  Mask condemned = 0;          // packs, as it read them
  Mask lists = 0;              // condemned lists that it read
  Mask seen = 0;               // manifests: S of a prune
  Mask going = 0;              // packs that a prune removes in this round
  std::uint8_t chosen = 0xff;  // the copy of X that a prune keeps
  std::uint8_t ending = 0xff;  // the claim that it is ending, and at which step
  std::uint8_t ending_step = 0;
  Mask ending_list = 0;
  bool rewrites = false;
  bool succeeded = false;
};

struct State {
  Mask packs = 1;
  Mask indexed = 1;
  Mask manifests = 1;
  Mask claims = 0;
  std::array<Mask, kMost> intents{};  // by claim: the processes whose intent names it
  Mask finals = 0;                    // claims
  std::array<Mask, kMost> finals_list{};
  std::array<Mask, kMost> condemned{};  // by prune: the packs of its list
  Mask condemned_lists = 0;
  std::uint8_t endings_left = 0;
  std::array<Process, kMost> processes{};
};
static_assert(std::is_trivially_copyable_v<State>);

class Model {
 public:
  Model(Schedule schedule, Rules rules);

  // Tries everything. Empty, or the first fault found with the steps that lead to it.
  std::string explore();
  std::size_t states() const { return visited_.size(); }

 private:
  static bool has(Mask mask, int bit) { return (mask >> bit & 1) != 0; }
  static Mask bit(int number) { return static_cast<Mask>(1 << number); }
  int processes() const { return schedule_.backups + schedule_.prunes; }
  bool is_backup(int process) const { return process < schedule_.backups; }

  // By the functions that the program decides with, asked once for all there is to ask.
  bool is_void(const State& state, int manifest) const;
  bool is_intact(const State& state, int claim) const;
  bool is_named(const State& state, int claim) const;
  bool may_go_on(const State& state, const Process& prune) const;
  Mask void_manifests(const State& state) const;

  using Next = std::function<void(const State&, const std::string&)>;
  void visit(const State& state);
  void step(const State& state, int process, const Next& next) const;
  void step_backup(const State& state, int process, const Next& next) const;
  void step_prune(const State& state, int process, const Next& next) const;
  void step_ending(const State& state, int process, const Next& next) const;
  void take_for_dead(const State& state, int process, const Next& next) const;
  void decide(State& state, int process) const;
  std::string fault_of(const State& state) const;

  const Schedule schedule_;
  const Rules rules_;
  std::array<std::array<bool, 2>, 2> named_{};        // by intent, final
  std::array<std::array<bool, 8>, 32> void_{};        // by what finals list, manifest
  std::array<std::array<bool, 32>, 32> may_go_on_{};  // by manifests seen, listed
  std::unordered_set<std::size_t>
      visited_;  // hashes; two states of 10^7 share one once in 10^5 runs
  std::vector<std::string> path_;
  std::string fault_;
};

}  // namespace snapferry::repository::model
