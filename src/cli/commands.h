#pragma once

#include "cli/command.h"

// The rows of the command table, each defined in command_NAME.cc.
namespace snapferry::cli {

const CommandSpec& init_command();
const CommandSpec& backup_command();
const CommandSpec& list_command();
const CommandSpec& ls_command();
const CommandSpec& cat_command();
const CommandSpec& diff_command();
const CommandSpec& find_command_spec();
const CommandSpec& restore_command();
const CommandSpec& mount_command();
const CommandSpec& verify_command();
const CommandSpec& repair_command();
const CommandSpec& check_command();
const CommandSpec& prune_command();
const CommandSpec& forget_command();
const CommandSpec& retire_command();
const CommandSpec& claims_command();
const CommandSpec& cursors_command();
const CommandSpec& stats_command();
const CommandSpec& key_list_command();
const CommandSpec& key_add_command();
const CommandSpec& key_remove_command();
const CommandSpec& key_recovery_command();
const CommandSpec& debug_cat_command();
const CommandSpec& debug_list_command();
const CommandSpec& agent_command_spec();
const CommandSpec& authorize_command();
const CommandSpec& doctor_command();
const CommandSpec& completion_command();
const CommandSpec& man_command();
const CommandSpec& version_command();
const CommandSpec& help_command();

}  // namespace snapferry::cli
