#include "replication/rename_copies.h"

#include <optional>

#include "core/aside.h"
#include "replication/moves.h"
#include "replication/renames.h"

namespace snapferry::replication {
namespace {

class Renaming {
 public:
  explicit Renaming(RunState& run) : run_(run) {}

  void carry_out() {
    for (unsigned round = 1;; ++round) {
      const std::vector<Move> moves =
          find_moves(run_.source, run_.volumes, run_.replicas, run_.policy);
      if (moves.empty()) return;
      const std::optional<Error> failure = make_moves(moves);
      if (run_.options.dry_run) return;
      run_.list_store();
      if (!failure) return;
      if (!is_passing(failure->kind()) || round >= run_.options.attempts) {
        return go_on_without(find_moves(run_.source, run_.volumes, run_.replicas, run_.policy),
                             *failure);
      }
      run_.pause(round);
    }
  }

 private:
  // Until one fails.
  std::optional<Error> make_moves(const std::vector<Move>& moves) {
    for (const Move& move : moves) {
      try {
        if (!run_.options.dry_run) run_.store.move(move.from, move.to);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::Cancelled) throw;
        return error;
      }
      run_.replicas = after_move(std::move(run_.replicas), move);
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
      const bool has_successor = run_.progressions.contains(move.from.path);
      const bool is_on_its_way = path_before_aside(move.from.path).has_value();
      if ((!has_successor && !is_on_its_way) || error.kind() == ErrorKind::Unsupported) {
        run_.report.warnings.push_back(move.to.path + ": " + message);
        continue;
      }
      if (has_successor) {
        run_.fail(move.from.path, error.kind(),
                  "its name was that of another volume, whose copy could not get its new name: " +
                      error.message() + "; the next run tries again");
      }
      if (run_.progressions.contains(move.to.path)) run_.fail(move.to.path, error.kind(), message);
    }
  }

  void note_move(const Move& move) {
    const auto found = run_.progressions.find(move.to.path);
    if (found != run_.progressions.end()) {
      found->second.outcome.renamed_from = move.was;
    } else if (!path_before_aside(move.to.path)) {
      run_.report.warnings.push_back(move.to.path + ": was named " + move.was +
                                     ", and is not part of this run; its copy has its new name");
    }
  }

  RunState& run_;
};

}  // namespace

void rename_copies(RunState& run) { Renaming(run).carry_out(); }

}  // namespace snapferry::replication
