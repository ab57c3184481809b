#include "cli/agent_policy.h"

namespace snapferry::cli {

std::vector<OptionSpec> policy_options() {
  return {
      {.name = "--allow",
       .value = "ROLE",
       .help = "what the key may do: 'source' lists, freezes and sends volumes of this machine, "
               "'store' adds to the replicas of one host here, 'restore' gives those back, whole "
               "and as files, 'target' makes volumes here that are not there yet, out of "
               "backups",
       .choices = {"source", "store", "restore", "target"},
       .repeatable = true},
      {.name = "--set",
       .value = "NAME",
       .help = "the chain of backups; snapshots of no other are ever destroyed"},
      {.name = "--volume",
       .value = "PATTERN",
       .help = "a volume that the key covers, such as 'zfs:tank/**' or btrfs:/home",
       .kind = WordKind::Volume,
       .repeatable = true},
      {.name = "--store",
       .value = "STORE",
       .help = "with --allow store: zfs:DATASET or btrfs:DIRECTORY on this machine",
       .kind = WordKind::Store},
      {.name = "--host",
       .value = "NAME",
       .help = "with --allow store: the host whose replicas the key may add to"},
      {.name = "--sandbox",
       .value = "MODE",
       .help = "'try' takes from the agent what this kernel can take, and refuses to run where "
               "nothing guards files (Landlock, or mounts of its own); 'require' refuses to run "
               "without any of it; 'off' is for finding out what is in the way",
       .fallback = "try",
       .choices = {"try", "require", "off"}},
  };
}

agent::Policy policy_of(const Invocation& options) {
  return agent::Policy::make({.allow = options.all("--allow"),
                              .set = options.text("--set"),
                              .volumes = options.all("--volume"),
                              .store = options.text("--store"),
                              .host = options.text("--host")});
}

}  // namespace snapferry::cli
