#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry::simplesnap {

// What a peer asks of simplesnapwrap. The protocol, as simplesnap 2.1.2 speaks it (Debian,
// simplesnapwrap and simplesnap(8)), one connection and so one command line for each request:
//
//   line    := PROGRAM " " request
//   request := "listfs"                        names of the datasets, one a line
//            | "sendback " SET " " DATASET     takes a snapshot and sends it, from the oldest
//            | "sendback " SET " " DATASET " " LIMIT          snapshot of the set if there is one
//            | "reap " SET " " DATASET         what was sent has arrived: destroys all snapshots
//                                              and bookmarks of the set but the newest
//   SET     := [A-Za-z0-9]+
//   LIMIT   := [0-9]+ [kMGT]?                  bytes a second; ours: the stock wrapper ignores it
//
// PROGRAM is what the peer would have run; it decides nothing. DATASET has what ZFS allows but
// the blank, which separates words; ".." stands nowhere.
enum class Verb : std::uint8_t { List = 1, SendBack = 2, Reap = 3 };

struct Request {
  Verb verb = Verb::List;
  std::string set;
  std::string dataset;
  std::uint64_t limit = 0;  // bytes a second; 0: none
  bool operator==(const Request&) const = default;
};

inline constexpr std::size_t kMaximalCommandLine = 4096;

// Parses SSH_ORIGINAL_COMMAND, any bytes. Throws InvalidArgument, saying what was refused, for
// all that is not exactly in the grammar: other characters, control characters, options, further
// words, more than one blank between two.
Request parse_command(std::string_view line);

// The words behind PROGRAM. Throws likewise.
Request parse_words(const std::vector<std::string_view>& words);

bool is_set_name(std::string_view text);
// Whether the protocol can carry the name: ZFS allows blanks, which it cannot, and "..".
bool is_dataset_name(std::string_view text);

// "500k" is 512000; nullopt for what is no LIMIT, or 0, or does not fit.
std::optional<std::uint64_t> parse_rate(std::string_view text);

}  // namespace snapferry::simplesnap
