#include "sandbox/sandbox.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <dirent.h>
#include <sys/prctl.h>

#include "core/error.h"
#include "core/printable.h"
#include "sandbox/capabilities.h"
#include "sandbox/landlock.h"
#include "sandbox/own_mounts.h"
#include "sandbox/system_calls.h"

namespace snapferry::sandbox {
namespace {

std::size_t count_threads() {
  ::DIR* directory = ::opendir("/proc/self/task");
  if (directory == nullptr) return 1;  // without /proc nobody can tell
  std::size_t count = 0;
  while (const auto* entry = ::readdir(directory)) {  // NOLINT(concurrency-mt-unsafe)
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(directory);
  return count;
}

LayerReport renounce_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
    return {SandboxLayer::NoNewPrivileges, Grip::Full, "set-user-id programs give nothing"};
  }
  return {SandboxLayer::NoNewPrivileges, Grip::None,
          std::string("the kernel refuses it: ") + std::strerror(errno)};
}

SandboxReport nothing_done() {
  SandboxReport report;
  for (const auto layer : {SandboxLayer::NoNewPrivileges, SandboxLayer::Capabilities,
                           SandboxLayer::Files, SandboxLayer::SystemCalls}) {
    report.layers.push_back({layer, Grip::None, "switched off by --sandbox off"});
  }
  return report;
}

bool needs(SandboxMode mode, SandboxLayer layer) {
  return mode == SandboxMode::Require ||
         (mode == SandboxMode::Contain && layer == SandboxLayer::Files);
}

bool wants_own_mounts(const SandboxPlan& plan) {
  return plan.own_mounts == OwnMounts::Always ||
         (plan.own_mounts == OwnMounts::WithoutLandlock && landlock_version() == 0);
}

// What both ways of guarding files come to; `cause` is why there are no mounts of its own.
LayerReport with_own_mounts(LayerReport landlock, const std::string& cause) {
  if (!cause.empty()) {
    landlock.detail += "; " + cause;
    if (landlock.grip == Grip::Full) landlock.grip = Grip::Partial;
  } else if (landlock.grip == Grip::None) {
    return {SandboxLayer::Files, Grip::Partial,
            "mounts of its own, nothing else in sight; " + landlock.detail};
  } else {
    landlock.detail += ", mounts of its own";
  }
  return landlock;
}

}  // namespace

bool SandboxReport::in_force() const {
  return std::ranges::none_of(layers,
                              [](const LayerReport& layer) { return layer.grip == Grip::None; });
}

std::string_view to_string(SandboxLayer layer) {
  switch (layer) {
    case SandboxLayer::NoNewPrivileges:
      return "no-new-privileges";
    case SandboxLayer::Capabilities:
      return "capabilities";
    case SandboxLayer::Files:
      return "files";
    case SandboxLayer::SystemCalls:
      return "system-calls";
  }
  return "";
}

std::string_view to_string(Grip grip) {
  switch (grip) {
    case Grip::None:
      return "none";
    case Grip::Partial:
      return "partial";
    case Grip::Full:
      return "full";
  }
  return "";
}

SandboxMode parse_sandbox_mode(std::string_view text) {
  if (text == "try") return SandboxMode::Contain;
  if (text == "require") return SandboxMode::Require;
  if (text == "off") return SandboxMode::Off;
  throw Error(
      ErrorKind::InvalidArgument,
      "'" + printable(text) + "': no way to contain an agent; --sandbox takes try, require, off");
}

SandboxReport enter_sandbox(const SandboxPlan& plan, SandboxMode mode) {
  if (mode == SandboxMode::Off) return nothing_done();
  if (count_threads() != 1) {
    throw Error(ErrorKind::Internal, "the sandbox would miss threads that run already");
  }
  SandboxReport report;
  // In this order: the second and third need the first, and the last takes capset() away.
  report.layers.push_back(renounce_privileges());
  std::optional<std::string> without_mounts;
  if (wants_own_mounts(plan)) without_mounts = enter_own_mounts(plan.paths);
  report.layers.push_back(reduce_capabilities(plan.capabilities));
  auto files = restrict_files(plan.paths, plan.guards_reading);
  report.layers.push_back(without_mounts ? with_own_mounts(std::move(files), *without_mounts)
                                         : std::move(files));
  report.layers.push_back(restrict_system_calls(plan.calls, plan.ioctls, plan.programs));
  for (const auto& layer : report.layers) {
    if (needs(mode, layer.layer) && layer.grip == Grip::None) {
      throw Error(ErrorKind::Unsupported,
                  "the agent cannot contain itself: " + std::string(to_string(layer.layer)) + ": " +
                      layer.detail +
                      "; mend it, or put --sandbox off into its line in authorized_keys to let it "
                      "run uncontained");
    }
  }
  return report;
}

}  // namespace snapferry::sandbox
