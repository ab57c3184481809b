#include "cli/agent_ends.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>

#include "agent/guarded_source.h"
#include "agent/guarded_store.h"
#include "agent/guarded_target.h"
#include "cli/format.h"
#include "cli/trial.h"
#include "core/error.h"
#include "zfs/resume_token.h"

namespace snapferry::cli {
namespace {

std::string token_subject(const std::string& token) {
  const auto decoded = zfs::parse_resume_token(token);
  return "zfs:" + decoded.dataset + "@" + decoded.partial.to_name;
}

// Every volume of the kind on this machine.
VolumeAddress volumes_of(VolumeKind kind) { return {.kind = kind}; }

std::vector<std::string> patterns_of(const agent::Policy& policy, std::string_view kind) {
  std::vector<std::string> patterns;
  for (const auto& pattern : policy.volumes()) {
    if (pattern.kind() == kind) patterns.push_back(pattern.text());
  }
  return patterns;
}

bool is_there(const ReachedPath& path) {
  struct stat status {};
  return ::stat(path.path.c_str(), &status) == 0;
}

void append(std::vector<wire::Finding>& all, std::vector<wire::Finding> more) {
  std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

AgentEnds::AgentEnds(std::unique_ptr<stores::Endpoints> endpoints, const agent::Policy& policy,
                     platform::Clock& clock)
    : endpoints_(std::move(endpoints)), policy_(policy), clock_(clock) {
  if (policy.has(wire::AgentRole::Store)) open_store();
  find_reach();
}

void AgentEnds::open_store() {
  const auto address = StoreAddress::parse(policy_.store());
  try {
    store_ = endpoints_->store(address);
    // A btrfs store is looked at now: later only a part of it can be.
    if (address.kind != StoreKind::Btrfs) return;
    (void)store_->identity();
    (void)store_->features();
  } catch (const Error& error) {
    store_failure_ = error;
    // A dataset can be made from within the sandbox, a directory not.
    const bool missing = error.kind() == ErrorKind::NotFound;
    if (!missing || address.kind != StoreKind::Btrfs) return;
    making_.emplace([this, address] { endpoints_->create_store(address); });
  }
}

void AgentEnds::find_reach() {
  const auto add = [this](std::vector<ReachedPath> paths) {
    std::ranges::move(paths, std::back_inserter(reached_));
  };
  for (const auto kind : {VolumeKind::Zfs, VolumeKind::Btrfs}) {
    const auto patterns = patterns_of(policy_, kind_name(kind));
    if (patterns.empty()) continue;
    if (policy_.has(wire::AgentRole::Source)) add(endpoints_->reach_of_source(kind, patterns));
    if (policy_.has(wire::AgentRole::Target)) add(endpoints_->reach_of_target(kind, patterns));
  }
  if (policy_.has(wire::AgentRole::Store)) {
    add(endpoints_->reach_of_store(StoreAddress::parse(policy_.store()), policy_.host()));
  }
  const auto is_missing = [](const ReachedPath& path) {
    return path.reach == Reach::Write && !is_there(path);
  };
  if (std::ranges::any_of(reached_, is_missing)) preparing_.emplace([this] { prepare_all(); });
}

void AgentEnds::prepare_all() {
  if (policy_.has(wire::AgentRole::Store)) {
    endpoints_->prepare_store(StoreAddress::parse(policy_.store()), policy_.host());
  }
  if (!policy_.has(wire::AgentRole::Target)) return;
  for (const auto& pattern : policy_.volumes()) {
    const auto kind = find_native_kind(pattern.kind());
    if (!kind || pattern.has_wildcards()) continue;
    endpoints_->target(volumes_of(*kind))->prepare(pattern.text());
  }
}

std::unique_ptr<Source> AgentEnds::source(std::string_view kind) {
  const auto native = find_native_kind(kind);
  if (!native) {
    throw Error(ErrorKind::Unsupported, printable(kind) + ": an agent sends zfs and btrfs volumes");
  }
  if (!policy_.has(wire::AgentRole::Source) || patterns_of(policy_, kind).empty()) {
    throw Error(ErrorKind::PermissionDenied,
                fmt::format("{}: this key sends no volume of this kind; its line in "
                            "authorized_keys says which",
                            kind));
  }
  return std::make_unique<agent::GuardedSource>(policy_, endpoints_->source(volumes_of(*native)),
                                                token_subject);
}

std::unique_ptr<VolumeTarget> AgentEnds::target(std::string_view kind) {
  const auto native = find_native_kind(kind);
  if (!native) {
    throw Error(ErrorKind::Unsupported, printable(kind) + ": an agent makes zfs and btrfs volumes");
  }
  return std::make_unique<agent::GuardedTarget>(policy_, endpoints_->target(volumes_of(*native)));
}

std::unique_ptr<Store> AgentEnds::store() {
  if (store_failure_) throw Error(*store_failure_);
  return std::make_unique<agent::GuardedStore>(policy_, std::move(store_), clock_);
}

void AgentEnds::init_store(const std::string& store) {
  policy_.may_init(store).require();
  if (making_) return making_->run();
  const auto address = StoreAddress::parse(store);
  if (address.kind == StoreKind::Zfs) return endpoints_->create_store(address);
  if (store_failure_) throw Error(*store_failure_);
  throw Error(ErrorKind::AlreadyExists, store + ": is a store already; use it as it is");
}

std::vector<wire::Finding> AgentEnds::try_out() {
  std::vector<wire::Finding> findings;
  for (const auto& pattern : policy_.volumes()) {
    const auto kind = pattern.kind();
    if (policy_.has(wire::AgentRole::Source)) {
      append(findings, try_source(*endpoints_, *source(kind), pattern.text()));
    }
    if (policy_.has(wire::AgentRole::Target) && !pattern.has_wildcards()) {
      append(findings, try_target(*target(kind), pattern.text()));
    }
  }
  if (policy_.has(wire::AgentRole::Store)) {
    if (store_failure_) {
      findings.push_back({"store", wire::Verdict::Missing, store_failure_->message()});
    } else {
      append(findings,
             try_store(*endpoints_->store(StoreAddress::parse(policy_.store())), policy_.host()));
    }
  }
  return findings;
}

}  // namespace snapferry::cli
