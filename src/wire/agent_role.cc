#include "wire/agent_role.h"

#include "core/error.h"
#include "wire/names.h"

namespace snapferry::wire {

std::string_view to_string(AgentRole role) {
  switch (role) {
    case AgentRole::Source:
      return "source";
    case AgentRole::Store:
      return "store";
    case AgentRole::Restore:
      return "restore";
    case AgentRole::Target:
      return "target";
  }
  return "";
}

std::string_view options_for(AgentRole role) {
  switch (role) {
    case AgentRole::Source:
      return "--allow source with --volume";
    case AgentRole::Store:
      return "--allow store with --store and --host";
    case AgentRole::Restore:
      return "--allow restore";
    case AgentRole::Target:
      return "--allow target with --volume";
  }
  return "";
}

AgentRole parse_role(std::string_view text) {
  for (const auto role :
       {AgentRole::Source, AgentRole::Store, AgentRole::Restore, AgentRole::Target}) {
    if (text == to_string(role)) return role;
  }
  throw Error(
      ErrorKind::InvalidArgument,
      quoted(text) +
          ": nothing that an agent can allow; --allow takes source, store, restore, target");
}

std::string feature_of(AgentRole role) { return "role." + std::string(to_string(role)); }

}  // namespace snapferry::wire
