#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry::sandbox {

// What may be done below a path. Files that are open already stay usable.
enum class PathAccess : std::uint8_t {
  Read,         // read files, list directories
  Execute,      // read and execute one program
  List,         // list directories and nothing else; also what an ioctl on a directory needs
  Directories,  // list and make directories
  Device,       // read, write and ioctl
  Tree,         // everything but executing
};

struct PathGrant {
  std::string path;  // what is not there grants nothing
  PathAccess access = PathAccess::Read;
  // Not -1: this is what is granted, open, wherever it is, and `path` is its name in messages.
  // Landlock alone takes it: mounts of its own need a path.
  int descriptor = -1;
  bool operator==(const PathGrant&) const = default;
};

// Which system calls stay (sandbox/system_calls.h).
enum class SystemCallSet : std::uint8_t {
  Agent,
  Directories,  // those of an agent, and what makes directories
  Files,        // those of an agent, and what makes, changes and removes files by their names
  ViewBroker,   // those of an agent, detached mounts, and what a child takes to contain itself
  View,         // reading files, and threads
};

// Whether a process sees nothing but its paths (sandbox/own_mounts.h). It can only be where mounts
// can say what the paths allow: they tell reading from writing, and not listing from reading.
enum class OwnMounts : std::uint8_t {
  Never,
  WithoutLandlock,  // where nothing else guards files
  Always,           // makes device nodes, and shares its filesystem with others
};

// What an agent needs; everything else is taken from it. A value, made by plan_sandbox()
// (agent/sandbox_plan.h).
struct SandboxPlan {
  std::vector<PathGrant> paths;
  std::vector<int> capabilities;      // CAP_… that stay, in as far as the process has them
  std::vector<std::uint16_t> ioctls;  // type << 8 | number of those that stay
  bool programs = false;              // whether it starts any
  SystemCallSet calls = SystemCallSet::Agent;
  // Whether `paths` says what can be read, too. A child may then contain itself to what only this
  // process could open.
  bool guards_reading = true;
  OwnMounts own_mounts = OwnMounts::Never;
  bool operator==(const SandboxPlan&) const = default;
};

enum class SandboxLayer : std::uint8_t {
  NoNewPrivileges,  // prctl(2) PR_SET_NO_NEW_PRIVS: no set-user-id program gives anything
  Capabilities,     // capabilities(7): the bounding set too, so no child gets them back
  Files,            // landlock(7): paths, and from ABI 4 TCP, from ABI 6 signals; mounts of its own
  SystemCalls,      // seccomp(2): what no plan needs is refused, what only an attack needs kills
};

enum class Grip : std::uint8_t {
  None,     // this kernel lacks it, or it was left out
  Partial,  // in force with gaps, which the detail names
  Full,
};

struct LayerReport {
  SandboxLayer layer = SandboxLayer::NoNewPrivileges;
  Grip grip = Grip::None;
  std::string detail;  // one line: what is contained, or what is missing and what would help
  bool operator==(const LayerReport&) const = default;
};

struct SandboxReport {
  std::vector<LayerReport> layers;
  // Every layer holds at least partly.
  bool in_force() const;
  bool operator==(const SandboxReport&) const = default;
};

enum class SandboxMode : std::uint8_t {
  BestEffort,  // take what the kernel has and say what it lacks, to see what that is
  Contain,     // refuse to go on where nothing guards files; take what else the kernel has
  Require,     // refuse to go on without every layer
  Off,         // do nothing, and say so
};

// "no-new-privileges", "capabilities", "files", "system-calls".
std::string_view to_string(SandboxLayer layer);
// "none", "partial", "full".
std::string_view to_string(Grip grip);
// "try", "require", "off"; throws InvalidArgument for anything else.
SandboxMode parse_sandbox_mode(std::string_view text);

// Takes from this process, for good and for all its children, what `plan` does not name. One
// filter serves the agent and the zfs and btrfs that it starts: a less contained process that
// starts them on request would be the hole in it.
//
// Call it before another thread starts and before the first foreign byte is read; descriptors that
// are open stay. Throws Internal if there are several threads, and Unsupported where a layer is
// missing that the mode asks for (what was taken by then stays taken).
SandboxReport enter_sandbox(const SandboxPlan& plan, SandboxMode mode);

}  // namespace snapferry::sandbox
