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

Address address_of(std::string_view kind) {
  Address address;
  address.kind = kind == "zfs" ? AddressKind::Zfs : AddressKind::Btrfs;
  return address;
}

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

AgentEnds::AgentEnds(std::unique_ptr<Endpoints> endpoints, const agent::Policy& policy,
                     platform::Clock& clock)
    : endpoints_(std::move(endpoints)), policy_(policy), clock_(clock) {
  if (policy.has(wire::AgentRole::Store)) open_store();
  find_reach();
}

void AgentEnds::open_store() {
  const auto address = Address::parse(policy_.store());
  try {
    store_ = endpoints_->store(address);
    // A btrfs store is looked at now: later only a part of it can be.
    if (address.kind != AddressKind::Btrfs) return;
    (void)store_->identity();
    (void)store_->features();
  } catch (const Error& error) {
    store_failure_ = error;
    // A dataset can be made from within the sandbox, a directory not.
    const bool missing = error.kind() == ErrorKind::NotFound;
    if (!missing || address.kind != AddressKind::Btrfs) return;
    making_.emplace([this, address] { endpoints_->create_store(address); });
  }
}

void AgentEnds::find_reach() {
  const auto add = [this](Endpoints::End end, const Address& address,
                          const std::vector<std::string>& names) {
    if (names.empty()) return;
    std::ranges::move(endpoints_->reach(end, address, names), std::back_inserter(reached_));
  };
  for (const auto* kind : {"zfs", "btrfs"}) {
    const auto patterns = patterns_of(policy_, kind);
    if (policy_.has(wire::AgentRole::Source))
      add(Endpoints::End::Source, address_of(kind), patterns);
    if (policy_.has(wire::AgentRole::Target))
      add(Endpoints::End::Target, address_of(kind), patterns);
  }
  if (policy_.has(wire::AgentRole::Store)) {
    add(Endpoints::End::Store, Address::parse(policy_.store()), {policy_.host()});
  }
  const auto is_missing = [](const ReachedPath& path) {
    return path.reach == Reach::Write && !is_there(path);
  };
  if (std::ranges::any_of(reached_, is_missing)) preparing_.emplace([this] { prepare_all(); });
}

void AgentEnds::prepare_all() {
  if (policy_.has(wire::AgentRole::Store)) {
    endpoints_->prepare_store(Address::parse(policy_.store()), policy_.host());
  }
  if (!policy_.has(wire::AgentRole::Target)) return;
  for (const auto& pattern : policy_.volumes()) {
    if (pattern.has_wildcards()) continue;
    endpoints_->target(address_of(pattern.kind()))->prepare(pattern.text());
  }
}

std::unique_ptr<Source> AgentEnds::source(std::string_view kind) {
  if (kind != "zfs" && kind != "btrfs") {
    throw Error(ErrorKind::Unsupported, printable(kind) + ": an agent sends zfs and btrfs volumes");
  }
  if (!policy_.has(wire::AgentRole::Source) || patterns_of(policy_, kind).empty()) {
    throw Error(ErrorKind::PermissionDenied,
                fmt::format("{}: this key sends no volume of this kind; its line in "
                            "authorized_keys says which",
                            kind));
  }
  return std::make_unique<agent::GuardedSource>(policy_, endpoints_->source(address_of(kind)),
                                                token_subject);
}

std::unique_ptr<VolumeTarget> AgentEnds::target(std::string_view kind) {
  if (kind != "zfs" && kind != "btrfs") {
    throw Error(ErrorKind::Unsupported, printable(kind) + ": an agent makes zfs and btrfs volumes");
  }
  return std::make_unique<agent::GuardedTarget>(policy_, endpoints_->target(address_of(kind)));
}

std::unique_ptr<Store> AgentEnds::store() {
  if (store_failure_) throw Error(*store_failure_);
  return std::make_unique<agent::GuardedStore>(policy_, std::move(store_), clock_);
}

void AgentEnds::init_store(const std::string& store) {
  policy_.may_init(store).require();
  if (making_) return making_->run();
  const auto address = Address::parse(store);
  if (address.kind == AddressKind::Zfs) return endpoints_->create_store(address);
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
             try_store(*endpoints_->store(Address::parse(policy_.store())), policy_.host()));
    }
  }
  return findings;
}

}  // namespace snapferry::cli
