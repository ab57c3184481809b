#include "agent/guarded_source.h"

#include <optional>

#include "core/error.h"
#include "core/printable.h"

namespace snapferry::agent {
namespace {

void append(std::vector<VolumeFailure>& all, std::vector<VolumeFailure> more) {
  for (auto& failure : more) all.push_back(std::move(failure));
}

// Nothing of the request is left: that is a refusal, not a failure of some volumes.
void refuse_if_all(const std::vector<VolumeFailure>& refused, std::size_t left) {
  if (left == 0 && !refused.empty()) {
    throw Error(ErrorKind::PermissionDenied, refused.front().message);
  }
}

}  // namespace

std::vector<VolumeState> GuardedSource::inventory(const std::vector<std::string>& patterns) {
  auto volumes = policy_.visible(source_->inventory(policy_.listing(patterns)), patterns);
  remember(volumes);
  return volumes;
}

void GuardedSource::remember(const std::vector<VolumeState>& volumes) {
  const std::lock_guard lock(mutex_);
  for (const auto& volume : volumes) excluded_[volume.name] = volume.excluded;
}

Decision GuardedSource::not_excluded(const std::string& volume) {
  const auto known = [&]() -> std::optional<bool> {
    const std::lock_guard lock(mutex_);
    const auto found = excluded_.find(volume);
    return found == excluded_.end() ? std::nullopt : std::optional(found->second);
  };
  auto excluded = known();
  if (!excluded) {
    try {
      remember(source_->inventory({volume}));
    } catch (const Error& error) {
      // The source itself says what is gone.
      if (error.kind() != ErrorKind::NotFound) throw;
    }
    excluded = known();
  }
  if (!excluded.value_or(false)) return Decision::allow();
  return Decision::refuse(printable(volume) +
                          ": is excluded from backups on its own machine, by a property; take that "
                          "away there to have it backed up");
}

Freeze GuardedSource::freeze(const std::vector<std::string>& volumes, const std::string& name) {
  std::vector<std::string> allowed;
  std::vector<VolumeFailure> refused;
  for (const auto& volume : volumes) {
    auto decision = policy_.may_freeze(volume, name);
    if (decision) decision = not_excluded(volume);
    if (decision) {
      allowed.push_back(volume);
    } else {
      refused.push_back({volume, decision.reason()});
    }
  }
  refuse_if_all(refused, allowed.size());
  Freeze freeze = source_->freeze(allowed, name);
  append(freeze.failed, std::move(refused));
  return freeze;
}

std::unique_ptr<Stream> GuardedSource::send(const StreamRequest& request) {
  policy_.may_send(request).require();
  not_excluded(request.volume).require();
  if (!request.resume_token.empty()) {
    if (!token_subject_) {
      throw Error(ErrorKind::Unsupported, "this agent resumes nothing; plan again from the start");
    }
    policy_.may_resume(request, token_subject_(request.resume_token)).require();
  }
  return source_->send(request);
}

std::vector<VolumeDescription> GuardedSource::describe(const std::vector<std::string>& volumes) {
  for (const auto& volume : volumes) {
    policy_.may_list(volume).require();
    not_excluded(volume).require();
  }
  return source_->describe(volumes);
}

std::vector<VolumeFailure> GuardedSource::settle(const std::vector<Settlement>& settlements) {
  std::vector<Settlement> covered, allowed;
  std::vector<VolumeFailure> refused;
  // What the policy does not cover is not even looked up.
  for (const auto& settlement : settlements) {
    if (const auto decision = policy_.may_list(settlement.volume)) {
      covered.push_back(settlement);
    } else {
      refused.push_back({settlement.volume, decision.reason()});
    }
  }
  refuse_if_all(refused, covered.size());
  const auto listing = fresh_listing(covered);
  for (const auto& settlement : covered) {
    if (const auto decision = policy_.may_settle(settlement, listing)) {
      allowed.push_back(settlement);
    } else {
      refused.push_back({settlement.volume, decision.reason()});
    }
  }
  refuse_if_all(refused, allowed.size());
  if (!allowed.empty()) append(refused, source_->settle(allowed));
  return refused;
}

std::vector<VolumeState> GuardedSource::fresh_listing(const std::vector<Settlement>& settlements) {
  std::vector<std::string> names, trees;
  for (const auto& settlement : settlements) {
    names.push_back(settlement.volume);
    trees.push_back(settlement.volume + (settlement.volume.ends_with('/') ? "**" : "/**"));
  }
  if (names.empty()) return {};
  try {
    return source_->inventory(names);
  } catch (const Error& error) {
    // One of them is gone; a pattern is no error then.
    if (error.kind() != ErrorKind::NotFound) throw;
    return source_->inventory(trees);
  }
}

}  // namespace snapferry::agent
