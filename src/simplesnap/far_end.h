#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/stream.h"
#include "platform/command.h"
#include "simplesnap/client_options.h"

namespace snapferry::simplesnap {

// The names that `listfs` printed, one a line. Throws Corrupt, naming the line's number, for what
// ZFS allows no dataset to be called, and for a last line that does not end.
std::vector<std::string> parse_names(std::string_view text);

// A simplesnapwrap, the stock one or ours: each request is one process, ssh or the wrapper itself.
class FarEnd {
 public:
  // Borrows all.
  FarEnd(platform::Commands& commands, const ClientOptions& options,
         const Cancellation* cancellation);

  // All it serves; may hold names that the protocol cannot carry. Throws Unavailable, and Corrupt
  // for what is no name of a dataset: a failed listing is never an empty one.
  std::vector<std::string> list();
  // What it sends; its failure is told by Stream::finish().
  std::unique_ptr<Stream> send_back(const std::string& set, const std::string& dataset);
  // Tells it that what it sent has arrived.
  void reap(const std::string& set, const std::string& dataset);

 private:
  std::vector<std::string> arguments(std::vector<std::string> words) const;
  std::string run(const std::vector<std::string>& words);

  platform::Commands& commands_;
  const ClientOptions& options_;
  const Cancellation* cancellation_;
};

}  // namespace snapferry::simplesnap
