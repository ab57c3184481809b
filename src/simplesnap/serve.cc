#include "simplesnap/serve.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "platform/fd.h"
#include "replication/snapshot_name.h"
#include "simplesnap/source.h"
#include "simplesnap/throttle.h"
#include "zfs/arguments.h"
#include "zfs/child_stream.h"
#include "zfs/command_failure.h"
#include "zfs/settler.h"

namespace snapferry::simplesnap {
namespace {

constexpr std::size_t kBuffer = 256u << 10;

void run_zfs(ServerContext& context, const std::vector<std::string>& argv) {
  const auto output = context.commands.run(argv, {}, 1u << 20, context.cancellation);
  if (!output.exit.ok()) throw zfs::command_failure(argv, output.exit);
}

void list(ServerContext& context) {
  std::string text;
  for (const auto& name : served_datasets(context.commands)) text += name + "\n";
  platform::write_all(context.output, as_bytes(text), "standard output");
}

// Names have whole seconds; two snapshots in one take two names.
std::string new_name(const SourceDataset& dataset, const std::string& set, std::int64_t now) {
  while (true) {
    auto name = replication::simplesnap_name(set, now++);
    const bool taken = std::any_of(dataset.links.begin(), dataset.links.end(),
                                   [&](const Link& link) { return link.point.name == name; });
    if (!taken) return name;
  }
}

StreamRequest stream_request(const SourceDataset& dataset, const NextSend& next,
                             const std::string& name) {
  StreamRequest request;
  request.volume = dataset.name;
  request.to.name = name;
  request.base = next.base;
  if (!next.base || next.base->kind == PointKind::Bookmark) return request;
  // As the stock wrapper does it: snapshots of others come along, and those that the peer has
  // already are passed over by `zfs receive` where the stream is a package, even of one.
  request.intermediates = {*next.base};
  return request;
}

void pass_on(Stream& stream, std::uint64_t limit, ServerContext& context) {
  Throttle throttle(limit, context.waiter, context.cancellation);
  Bytes buffer(throttle.piece(kBuffer));
  while (const std::size_t size = stream.read(buffer)) {
    if (context.cancellation != nullptr) context.cancellation->check();
    platform::write_all(context.output, ByteView(buffer).first(size), "the peer");
    throttle.passed(size);
  }
  stream.finish();
}

void send_back(const Request& request, ServerContext& context) {
  const auto dataset = served_dataset(context.commands, request.dataset);
  const auto next = next_send(chain_of_set(dataset.links, request.set));
  Delivery delivery{Delivery::State::Sending, next.attempt, !next.base};
  const auto name = new_name(dataset, request.set, context.clock.now().seconds);
  const auto snapshot = dataset.name + "@" + name;
  const auto value = [&] { return std::string(kDeliveryProperty) + "=" + delivery.text(); };
  context.log(fmt::format("sending {} from {}, attempt {}", snapshot,
                          next.base ? zfs::point_name(dataset.name, *next.base) : "nothing",
                          next.attempt));
  run_zfs(context, {"zfs", "snapshot", "-o", value(), snapshot});
  const auto argv = zfs::send_arguments(dataset.name, stream_request(dataset, next, name));
  zfs::ChildStream stream(context.commands.start(argv, {.output = true}), argv);
  pass_on(stream, request.limit, context);
  delivery.state = Delivery::State::Sent;
  run_zfs(context, {"zfs", "set", value(), snapshot});
  context.log("sent " + snapshot);
}

void reap(const Request& request, ServerContext& context) {
  const auto dataset = served_dataset(context.commands, request.dataset);
  const auto plan = plan_reaping(dataset.links, request.set, dataset.bookmarks);
  if (plan.bookmark) {
    auto bookmark = *plan.bookmark;
    bookmark.kind = PointKind::Bookmark;
    run_zfs(context, {"zfs", "bookmark", zfs::point_name(dataset.name, *plan.bookmark),
                      zfs::point_name(dataset.name, bookmark)});
  }
  if (plan.confirm) {
    const Delivery arrived{Delivery::State::Arrived, 0, false};
    run_zfs(context, {"zfs", "set", std::string(kDeliveryProperty) + "=" + arrived.text(),
                      zfs::point_name(dataset.name, *plan.confirm)});
  }
  std::vector<zfs::Doomed> doomed;
  for (const auto& point : plan.destroy) {
    context.log("destroying " + zfs::point_name(dataset.name, point));
    doomed.push_back({dataset.name, point});
  }
  const auto failures = zfs::destroy_points(context.commands, context.calls, doomed);
  if (!failures.empty())
    throw Error(ErrorKind::Unavailable, request.dataset + ": " + failures.front().message);
}

}  // namespace

void serve(const Request& request, ServerContext& context) {
  switch (request.verb) {
    case Verb::List:
      return list(context);
    case Verb::SendBack:
      return send_back(request, context);
    case Verb::Reap:
      return reap(request, context);
  }
}

}  // namespace snapferry::simplesnap
