#include "cli/command.h"
#include "cli/commands.h"

namespace snapferry::cli {

const std::vector<const CommandSpec*>& command_table() {
  static const std::vector<const CommandSpec*> table = {
      &init_command(),       &backup_command(),       &list_command(),      &ls_command(),
      &cat_command(),        &diff_command(),         &find_command_spec(), &restore_command(),
      &mount_command(),      &verify_command(),       &repair_command(),    &check_command(),
      &prune_command(),      &forget_command(),       &retire_command(),    &claims_command(),
      &cursors_command(),    &stats_command(),        &key_list_command(),  &key_add_command(),
      &key_remove_command(), &key_recovery_command(), &debug_cat_command(), &debug_list_command(),
      &agent_command_spec(), &authorize_command(),    &doctor_command(),    &completion_command(),
      &man_command(),        &version_command(),      &help_command(),
  };
  return table;
}

}  // namespace snapferry::cli
