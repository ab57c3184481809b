#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/policy.h"
#include "core/volume.h"

namespace snapferry::agent {

// What a resume token is about: "zfs:tank/home@name". Throws Corrupt for one that is none.
using TokenSubject = std::function<std::string(const std::string& token)>;

// A source behind a policy: what the policy refuses never reaches the source. Where some volumes
// of a request are refused, the others are served, and the refused ones are among the failures;
// where all are, it throws PermissionDenied. Volumes that are excluded by a property are listed as
// that, and neither frozen, described nor sent.
class GuardedSource : public Source {
 public:
  // Borrows the policy. Without `token_subject` every resume token is refused.
  GuardedSource(const Policy& policy, std::unique_ptr<Source> source, TokenSubject token_subject)
      : policy_(policy), source_(std::move(source)), token_subject_(std::move(token_subject)) {}

  StreamFeatures features() override { return source_->features(); }
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override;
  Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) override;
  std::unique_ptr<Stream> send(const StreamRequest& request) override;
  std::vector<VolumeDescription> describe(const std::vector<std::string>& volumes) override;
  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) override;

 private:
  // Whether its administrator left the volume out; from the last listing that had it, or one more.
  Decision not_excluded(const std::string& volume);
  void remember(const std::vector<VolumeState>& volumes);
  std::vector<VolumeState> fresh_listing(const std::vector<Settlement>& settlements);

  const Policy& policy_;
  std::unique_ptr<Source> source_;
  TokenSubject token_subject_;
  std::mutex mutex_;
  std::map<std::string, bool> excluded_;
};

}  // namespace snapferry::agent
