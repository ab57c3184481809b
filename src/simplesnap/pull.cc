#include "simplesnap/pull.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "simplesnap/destination.h"
#include "simplesnap/far_end.h"
#include "simplesnap/lock_file.h"
#include "simplesnap/request.h"
#include "simplesnap/stream_head.h"
#include "simplesnap/throttle.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/property_rules.h"
#include "zfs/replica_safety.h"
#include "zfs/settler.h"
#include "zfs/store_layout.h"
#include "zfs/stream_transfer.h"
#include "zfs/zfs_store.h"

namespace snapferry::simplesnap {
namespace {

constexpr int kAsks = 3;  // our wrapper sends everything the third time
constexpr unsigned kLastOtherSet = 9;
// The stock wrapper names a snapshot by the second, and fails if that name is taken.
constexpr std::chrono::seconds kNameLasts{1};
constexpr std::string_view kNameTaken = "dataset already exists";

// Passes a stream on at or below a rate.
class PacedStream : public Stream {
 public:
  PacedStream(Stream& stream, std::uint64_t rate, ClientContext& context)
      : stream_(stream), throttle_(rate, context.waiter, context.cancellation) {}
  std::size_t read(std::span<std::uint8_t> buffer) override {
    const auto size = stream_.read(buffer.first(throttle_.piece(buffer.size())));
    throttle_.passed(size);
    return size;
  }
  void finish() override { stream_.finish(); }

 private:
  Stream& stream_;
  Throttle throttle_;
};

class Puller {
 public:
  Puller(const ClientOptions& options, ClientContext& context)
      : options_(options),
        context_(context),
        far_(context.commands, options, context.cancellation),
        host_(options.store + "/" + options.host) {}

  std::size_t run() {
    const auto mount_point = mount_point_of(context_.commands, options_.store);
    here_ = list_host(context_.commands, host_);
    if (!here_.exists) make_host(context_.commands, host_);
    const LockFile lock(lock_path(mount_point));
    const bool one = !options_.backup_dataset.empty();
    const auto names = one ? std::vector{options_.backup_dataset} : far_.list();
    std::vector<std::string> missing;
    for (const auto& name : names) {
      if (context_.cancellation != nullptr) context_.cancellation->check();
      if (!back_up(name)) ++failed_;
      if (!has_arrived(name)) missing.push_back(name);
    }
    if (!one) record_missing(context_.commands, host_, here_, options_.set, missing);
    return failed_;
  }

 private:
  // Beside the host's files where there are any, as the stock tool has it.
  std::string lock_path(const std::string& mount_point) const {
    const auto directory = mount_point + "/" + options_.host;
    struct stat status {};
    const bool usable = !mount_point.empty() && ::stat(directory.c_str(), &status) == 0 &&
                        S_ISDIR(status.st_mode) && ::access(directory.c_str(), W_OK) == 0;
    if (usable) return directory + "/.lock";
    auto name = host_;
    std::replace(name.begin(), name.end(), '/', '%');
    return "/run/lock/snapferry-simplesnap-" + name;
  }

  std::string destination_of(const std::string& name) const {
    return options_.dataset_dest.empty() ? host_ + "/" + name : options_.dataset_dest;
  }

  bool has_arrived(const std::string& name) const {
    const auto found = here_.replicas.find(destination_of(name));
    return !options_.receive_command.empty() ||
           (found != here_.replicas.end() && !found->second.points.empty());
  }

  bool back_up(const std::string& name) {
    try {
      if (!is_dataset_name(name)) {
        throw Error(ErrorKind::Unsupported,
                    "the name has characters that simplesnap's protocol cannot carry; exclude it, "
                    "or back it up with snapferry backup");
      }
      if (!options_.dataset_dest.empty()) {
        auto listing = list_host(context_.commands, options_.dataset_dest, true);
        here_.replicas.merge(listing.replicas);
      }
      ask_and_receive(name);
      return true;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Cancelled) throw;
      context_.warn(fmt::format("{}:{}: {}", options_.host, name, error.message()));
      return false;
    }
  }

  bool fits(const StreamHead& head, const Replica* here) const {
    // What else takes the stream in knows for itself what it has.
    if (!options_.receive_command.empty()) return true;
    const bool nothing = here == nullptr || here->points.empty();
    if (!head.base) return nothing;
    return !nothing && std::any_of(here->points.begin(), here->points.end(),
                                   [&](const Point& point) { return point.guid == *head.base; });
  }

  const Replica* replica(const std::string& dataset) const {
    const auto found = here_.replicas.find(dataset);
    return found == here_.replicas.end() ? nullptr : &found->second;
  }

  void ask_and_receive(const std::string& name) {
    const auto dataset = destination_of(name);
    const auto* here = replica(dataset);
    const bool anew = here == nullptr || here->points.empty();
    if (here != nullptr && anew && !here->placeholder && options_.receive_command.empty()) {
      throw Error(ErrorKind::Conflict,
                  fmt::format("{0} has no snapshots any more, so nothing can be added to it; run "
                              "'zfs rename {0} {0}.old', and all of it is sent again",
                              dataset));
    }
    auto set = anew ? options_.set : followed_set(here->points, options_.set);
    for (int ask = 1; ask <= kAsks; ++ask) {
      if (try_set(set, name, here)) return;
    }
    for (unsigned number = 2; anew && number <= kLastOtherSet; ++number) {
      set = other_set(options_.set, number);
      if (!try_set(set, name, here)) continue;
      context_.warn(fmt::format(
          "{}:{}: an earlier first transfer never arrived, and the wrapper there cannot send it "
          "again; backed up as set {} instead. On {} destroy the snapshots {}@__simplesnap_{}_*",
          options_.host, name, set, options_.host, name, options_.set));
      return;
    }
    throw Error(ErrorKind::Conflict,
                fmt::format("what is sent does not fit {}: they have no snapshot of set {} in "
                            "common; rename that with zfs rename, and it is sent whole again",
                            dataset, set));
  }

  HeadedStream ask_for_stream(const std::string& set, const std::string& name) {
    try {
      return HeadedStream(far_.send_back(set, name));
    } catch (const Error& error) {
      if (error.message().find(kNameTaken) == std::string::npos) throw;
    }
    context_.log(name + ": the far end took a snapshot of that name this second; asking again");
    context_.waiter.wait(kNameLasts, context_.cancellation);
    return HeadedStream(far_.send_back(set, name));
  }

  // False if the far end sends what does not fit.
  bool try_set(const std::string& set, const std::string& name, const Replica* here) {
    auto stream = ask_for_stream(set, name);
    const auto& head = stream.head();
    const auto dataset = destination_of(name);
    if (!fits(head, here)) {
      context_.log(fmt::format("{}: not taken, it goes from a snapshot that is not here", dataset));
      return false;
    }
    context_.log(fmt::format("receiving {} into {}, set {}, {}", head.to_name, dataset, set,
                             head.base ? "incremental" : "full"));
    receive(stream, dataset, name, here);
    // The far end learns it first; if this end dies here, the next run has it right.
    far_.reap(set, name);
    look_again(dataset);
    if (!options_.no_reap && options_.receive_command.empty()) reap(dataset);
    return true;
  }

  void receive(HeadedStream& stream, const std::string& dataset, const std::string& name,
               const Replica* here) {
    PacedStream paced(stream, options_.limit, context_);
    Stream& source = options_.limit > 0 ? static_cast<Stream&>(paced) : stream;
    const bool by_us = options_.receive_command.empty();
    if (by_us && here != nullptr && here->placeholder && !stream.head().base &&
        options_.dataset_dest.empty()) {
      return receive_in_place_of(source, stream, name);
    }
    auto argv = options_.receive_command;
    if (by_us) {
      argv = {"zfs", "receive", "-u"};
      if (!stream.head().base) {
        make_parents(dataset);
        const auto options = zfs::safe_receive_options(stream.head().type, zfs::Privilege::Root);
        argv.insert(argv.end(), options.begin(), options.end());
        // The protocol does not tell what the volume is beside its files.
        for (const auto& assignment : zfs::reading_assignments(stream.head().type, nullptr)) {
          argv.insert(argv.end(), {"-o", assignment});
        }
      }
    }
    argv.push_back(dataset);
    const auto child = context_.commands.start(argv, {.input = true});
    zfs::StreamInspector inspector(stream.request(), stream.head().type, zfs::ChecksumMode::Skip);
    zfs::transfer(source, inspector, *child, nullptr, context_.cancellation);
    const auto exit = child->wait();
    if (!exit.ok())
      throw by_us ? zfs::command_failure(argv, exit) : platform::command_error(argv, exit);
  }

  // A dataset that only was there to be a parent gives way.
  void receive_in_place_of(Stream& source, const HeadedStream& stream, const std::string& name) {
    zfs::ZfsStore store(context_.commands, context_.calls, options_.store, context_.clock);
    ReceiveRequest request;
    request.volume = {options_.host, zfs::volume_of_dataset(name)};
    request.type = stream.head().type;
    request.stream = stream.request();
    request.stream.volume = request.volume.path;
    request.cancellation = context_.cancellation;
    store.receive(request, source);
  }

  void make_parents(const std::string& dataset) {
    std::vector<std::string> parents;
    for (auto parent = std::string(zfs::parent_of(dataset));
         parent.size() > host_.size() && parent.starts_with(host_ + "/") &&
         !here_.replicas.contains(parent);
         parent = zfs::parent_of(parent)) {
      parents.push_back(parent);
    }
    for (auto parent = parents.rbegin(); parent != parents.rend(); ++parent) {
      const std::vector<std::string> argv = {
          "zfs",  "create",          "-o", "canmount=off",
          "-o",   "mountpoint=none", "-o", fmt::format("{}={}", zfs::kPlaceholderProperty, *parent),
          *parent};
      const auto output = context_.commands.run(argv);
      if (!output.exit.ok()) throw zfs::command_failure(argv, output.exit);
      here_.replicas[*parent].placeholder = true;
    }
  }

  void look_again(const std::string& dataset) {
    if (!options_.receive_command.empty()) return;
    auto listing = list_host(context_.commands, dataset, true);
    here_.replicas[dataset] = std::move(listing.replicas[dataset]);
  }

  void reap(const std::string& dataset) {
    std::vector<zfs::Doomed> doomed;
    for (const auto& point : superseded(here_.replicas[dataset].points, options_.set)) {
      context_.log(fmt::format("destroying {}@{}", dataset, point.name));
      doomed.push_back({dataset, point});
    }
    const auto failures = zfs::destroy_points(context_.commands, context_.calls, doomed);
    if (!failures.empty()) throw Error(ErrorKind::Unavailable, failures.front().message);
  }

  const ClientOptions& options_;
  ClientContext& context_;
  FarEnd far_;
  std::string host_;  // the dataset
  HostListing here_;
  std::size_t failed_ = 0;
};

}  // namespace

std::size_t pull(const ClientOptions& options, ClientContext& context) {
  return Puller(options, context).run();
}

}  // namespace snapferry::simplesnap
