#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// What a greeting may tell of an agent (PROTOCOL.md).
namespace snapferry::wire {

// What an agent may be told to do. Whatever is not allowed by name is refused.
enum class AgentRole : std::uint8_t {
  Source,   // list, freeze, send and release volumes of this machine
  Store,    // add to the replicas of one host in the store of this machine
  Restore,  // read those replicas back; nothing without a store
  Target,   // make new volumes of this machine out of streams
};

// "source", "store", "restore", "target".
std::string_view to_string(AgentRole role);
// What the line of a key needs for the role, for people: "--allow store with --store and --host".
std::string_view options_for(AgentRole role);
// Throws InvalidArgument, naming the four.
AgentRole parse_role(std::string_view text);
// The feature in the greeting of an agent that has the role (wire/PROTOCOL.md): "role.source".
std::string feature_of(AgentRole role);

// The feature of a server that knows the verbs about what volumes are beside their files.
inline constexpr std::string_view kPropertiesFeature = "properties";
// Of one that knows store.replicas, of one that knows store.move, of one that knows
// store.give_up_partial.
inline constexpr std::string_view kChangedFeature = "changed";
inline constexpr std::string_view kMoveFeature = "move";
inline constexpr std::string_view kGiveUpFeature = "give-up";

// The feature of a server that knows the verbs about what is expected beside what is there.
inline constexpr std::string_view kExpectationsFeature = "expectations";

// The feature in the greeting of an agent that contained itself before what it would write in was
// there: the directory of its host in a store that is otherwise complete, or where the snapshots of
// a volume belong that is to be restored. It can write nothing then.
inline constexpr std::string_view kUnprepared = "unprepared";

}  // namespace snapferry::wire
