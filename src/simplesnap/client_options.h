#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace snapferry::simplesnap {

// The command line of simplesnap 2.1.2 (simplesnap(8)), with --limit added. Options and values
// are words of their own, without '='.
struct ClientOptions {
  std::vector<std::string> ssh_command = {"ssh"};
  std::vector<std::string> wrap_command = {"simplesnapwrap"};
  std::vector<std::string> receive_command = {};  // empty: `zfs receive`, with what keeps it safe
  std::string store;                              // a dataset
  std::string set;
  std::string host;            // empty only with --check and --reaponly: all hosts
  std::string backup_dataset;  // this one alone
  std::string dataset_dest;    // and into this one
  std::string check;           // a time as GNU date takes it: "30 days ago"
  bool local = false;
  bool no_reap = false;
  bool reap_only = false;
  std::uint64_t limit = 0;  // bytes a second; 0: none
};

// Commands are split at blanks, as the original's are; no shell sees them. Throws InvalidArgument.
ClientOptions parse_client_options(const std::vector<std::string>& words);

// What the program prints after a mistake.
std::string client_usage();

}  // namespace snapferry::simplesnap
