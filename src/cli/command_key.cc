#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/password.h"
#include "cli/store.h"
#include "core/wall_time.h"
#include "repository/crypto.h"

namespace snapferry::cli {
namespace {

std::string label_of(const Context& context) {
  if (const auto given = context.options.given("--label")) return *given;
  const std::string user = context.io.variable("USER").value_or("root");
  return user + "@" + context.io.host;
}

std::string_view to_string(repository::KeyState state) {
  switch (state) {
    case repository::KeyState::Proven:
      return "proven";
    case repository::KeyState::Unproven:
      return "unproven";
    case repository::KeyState::Foreign:
      return "foreign";
    case repository::KeyState::Damaged:
      return "damaged";
  }
  return "";
}

std::string note_on(const repository::KeyInfo& key) {
  if (key.current) return " (current)";
  switch (key.state) {
    case repository::KeyState::Proven:
      break;
    case repository::KeyState::Unproven:
      return " (of an older version: not proven to open this repository)";
    case repository::KeyState::Foreign:
      return " (foreign: does not open this repository)";
    case repository::KeyState::Damaged:
      return " (damaged)";
  }
  return "";
}

ExitCode run_key_list(Context& context) {
  const auto store = open_repository(context, "a key");
  using enum Table::Align;
  Table table({Left, Left, Left, Left});
  for (const auto& key : store->repository->keys()) {
    const bool is_readable = key.state != repository::KeyState::Damaged;
    table.add({key.id, is_readable ? key.kind : "unreadable",
               is_readable ? format_local(key.created) : "-", printable(key.label) + note_on(key)});
    context.console.emit(JsonObject::line("key")
                             .text("id", key.id)
                             .text("kind", key.kind)
                             .text("state", to_string(key.state))
                             .text("label", key.label)
                             .time("created", key.created)
                             .boolean("current", key.current));
  }
  context.console.print(table.text());
  return ExitCode::Success;
}

ExitCode run_key_add(Context& context) {
  const auto store = open_repository(context, "a key");
  std::string password = obtain_password(context, new_password_of_store(store->name()));
  const std::string id = store->repository->add_password(password, label_of(context));
  repository::wipe(password);
  context.console.say(fmt::format("added the password as key {}\n", id));
  context.console.emit(JsonObject::line("key_added").text("id", id));
  return ExitCode::Success;
}

ExitCode run_key_remove(Context& context) {
  const auto store = open_repository(context, "a key");
  const std::string id = context.options.argument(0);
  store->repository->remove_key(id, context.options.has("--even-current")
                                        ? repository::KeyInUse::Remove
                                        : repository::KeyInUse::Keep);
  context.console.say(fmt::format("removed key {}\n", printable(id)));
  context.console.emit(JsonObject::line("key_removed").text("id", id));
  return ExitCode::Success;
}

void show_recovery_key(Context& context, const stores::RepositoryStore& store,
                       const std::string& key) {
  context.console.emit(JsonObject::line("recovery_key").text("recovery_key", key));
  if (context.console.quiet()) {
    context.console.print(key + "\n");
  } else {
    context.console.print(fmt::format(
        "Recovery key of {}:\n\n    {}\n\nIt opens the repository in place of a password and is "
        "not shown again.\nPrint it and keep it away from the repository.\n",
        printable(store.name()), key));
  }
  // Not through the console, to which a reader that has gone is no trouble.
  context.console.flush();
  context.io.out.flush();
}

ExitCode run_key_recovery(Context& context) {
  const auto store = open_repository(context, "a key");
  const auto key = store->repository->add_recovery_key(label_of(context));
  try {
    show_recovery_key(context, *store, key.text);
  } catch (...) {
    // Nobody has seen it.
    store->repository->remove_key(key.id);
    throw;
  }
  return ExitCode::Success;
}

const OptionSpec kLabelOption = {
    .name = "--label", .value = "TEXT", .help = "what 'key list' shows; otherwise USER@HOST"};

}  // namespace

const CommandSpec& key_list_command() {
  static const CommandSpec spec = {
      .name = "key list",
      .summary = "list the passwords and recovery keys that open the repository",
      .description =
          "Lists the keys with their ids, never the passwords themselves. A key that this "
          "repository "
          "was not made with is foreign: it opens nothing, and may have been put there by anyone "
          "who can write to the store. One of an older version is proven only by opening with it.",
      .examples = {{"snapferry key list --store repo:/srv/backups",
                    "every key with its kind, age and label"}},
      .run = run_key_list};
  return spec;
}

const CommandSpec& key_add_command() {
  static const CommandSpec spec = {
      .name = "key add",
      .summary = "add a password; nothing is written again",
      .description =
          "Adds a password that opens the repository as well as those it has. To change a "
          "password, add the new one and remove the old one. The new password comes from "
          "--new-password-file, SNAPFERRY_NEW_PASSWORD, or a prompt.",
      .options = {{.name = "--new-password-file",
                   .value = "FILE",
                   .help = "read the new password from the first line of FILE",
                   .kind = WordKind::File},
                  kLabelOption},
      .examples = {{"snapferry key add --label alice --store repo:/srv/backups",
                    "asks for a password that exists and for the new one"}},
      .run = run_key_add};
  return spec;
}

const CommandSpec& key_remove_command() {
  static const CommandSpec spec = {
      .name = "key remove",
      .summary = "remove a password or recovery key",
      .description =
          "Removes the key, so that it does not open the repository any more. The last key that is "
          "proven to open it stays, also if several are removed at the same time, and so does the "
          "one that this command was given, unless --even-current says otherwise. "
          "Whoever kept a copy of the repository's files from before can still open that copy.",
      .arguments = {{.name = "ID", .help = "as 'key list' shows it"}},
      .options = {{.name = "--even-current", .help = "remove also the key that opens it now"}},
      .examples = {{"snapferry key remove 1a2b3c4d --store repo:/srv/backups",
                    "removes one of several keys"}},
      .run = run_key_remove};
  return spec;
}

const CommandSpec& key_recovery_command() {
  static const CommandSpec spec = {
      .name = "key recovery",
      .summary = "make a recovery key to print and keep",
      .description =
          "Makes a key of letters and digits with a checksum, prints it once, and adds it to the "
          "repository. It opens the repository in place of a password.",
      .options = {kLabelOption},
      .examples = {{"snapferry key recovery --quiet --store repo:/srv/backups | lpr",
                    "prints the key and nothing else, on paper"}},
      .run = run_key_recovery};
  return spec;
}

}  // namespace snapferry::cli
