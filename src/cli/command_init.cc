#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/password.h"
#include "cli/store.h"
#include "stores/create.h"

namespace snapferry::cli {
namespace {

void refuse_encryption_of_native(const Context& context, StoreKind kind) {
  if (!context.options.has("--encryption")) return;
  throw Error(ErrorKind::InvalidArgument,
              fmt::format("--encryption: native snapshots are as encrypted as the {} that they "
                          "are in; leave it out",
                          kind == StoreKind::Zfs ? "dataset" : "device"));
}

ExitCode run_init(Context& context) {
  const auto address = store_address(context);
  if (address.is_native()) refuse_encryption_of_native(context, address.kind);
  const stores::CreateRequest request{.encrypted = context.options.text("--encryption") != "none",
                                      .first_password = [&](const std::string& store) {
                                        return obtain_password(context,
                                                               first_password_of_store(store));
                                      }};
  const auto name = stores::create(address, request, surroundings_for(context, address));
  auto made = JsonObject::line("init");
  made.text("store", name);
  if (address.is_native()) {
    context.console.say(fmt::format("made the store {}\n", printable(name)));
  } else {
    context.console.say(fmt::format("made the repository {}\n", name));
    made.text("encryption", context.options.text("--encryption"));
  }
  context.console.emit(made);
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& init_command() {
  static const CommandSpec spec = {
      .name = "init",
      .summary = "make a store: a repository, or a place for native snapshots",
      .description =
          "Makes the repository. With a password, everything in it is encrypted, and only that "
          "password, others added by 'key add', or a recovery key made by 'key recovery' open "
          "it: without any of them nothing can be brought back. With --encryption none it is "
          "protected against damage, but anyone who has the files can read them.\n\n"
          "A directory that holds anything else is left alone. Where a store was seen on a disk "
          "that "
          "is not mounted now, none is made in its mount point, unless --accept-changed-store is "
          "given.\n\n"
          "With --store zfs:DATASET it makes a dataset, with --store btrfs:DIR a directory on a "
          "btrfs, where native snapshots are received: nothing in it is mounted or run by "
          "itself. On another machine its agent makes them; a key with a command of its own can "
          "make the store that this names, and no other.",
      .options = {{.name = "--encryption",
                   .value = "KIND",
                   .help = "how the content is protected",
                   .fallback = "password",
                   .choices = {"password", "none"}}},
      .examples = {{"snapferry init --store repo:/srv/backups",
                    "makes a repository and asks for its password"},
                   {"snapferry init --store repo:/mnt/usb --encryption none",
                    "makes one that needs no password"},
                   {"snapferry init --store btrfs:/mnt/backup/snapferry",
                    "makes a directory for subvolumes of this and other machines"},
                   {"snapferry init --store root@nas:zfs:backup/snapferry",
                    "makes a dataset on another machine"}},
      .run = run_init};
  return spec;
}

}  // namespace snapferry::cli
