#include "cli/store.h"

#include <array>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob/local_storage.h"
#include "cli/format.h"
#include "cli/password.h"

namespace snapferry::cli {
namespace {

constexpr std::string_view kRepositoryPrefix = "repo:";

[[noreturn]] void unsupported(std::string_view address) {
  throw Error(ErrorKind::Unsupported,
              fmt::format("{}: this version stores in a directory of this machine only; give "
                          "--store repo:DIR",
                          printable(address)));
}

std::string working_directory() {
  std::error_code error;
  const auto path = std::filesystem::current_path(error);
  if (error) throw system_error(error.value(), "find it", "the working directory");
  return path.string();
}

std::string resolved(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  if (error) throw system_error(error.value(), "resolve it", path);
  return real.string();
}

bool has_parent_part(const std::filesystem::path& path) {
  for (const auto& part : path) {
    if (part == "..") return true;
  }
  return false;
}

std::string explained(const Context& context, const OpenStore& store) {
  return fmt::format("{}: no such store; make it with 'snapferry init --store {}'", store.name(),
                     context.options.given("--store").value_or(store.name()));
}

void require_directory(const Context& context, const OpenStore& store) {
  struct stat status {};
  if (::stat(store.directory.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw NoSuchStore(explained(context, store));
    throw system_error(errno, "look at it", store.name());
  }
  if (!S_ISDIR(status.st_mode)) {
    throw NoSuchStore(fmt::format(
        "{}: is not a directory; a store is a directory made by 'snapferry init'", store.name()));
  }
}

}  // namespace

std::string absolute_path(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path whole =
      fs::path(path).is_absolute() ? fs::path(path) : fs::path(working_directory()) / path;
  if (has_parent_part(whole)) {
    // "link/.." is where the link leads to, not where it is.
    const bool names_parent = whole.filename() == "..";
    whole = names_parent ? fs::path(resolved(whole.string()))
                         : fs::path(resolved(whole.parent_path().string())) / whole.filename();
  }
  std::string text = whole.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::string store_directory(std::string_view address) {
  std::string_view rest = address;
  if (rest.starts_with(kRepositoryPrefix)) {
    rest.remove_prefix(kRepositoryPrefix.size());
    if (rest.find("://") != std::string_view::npos) unsupported(address);
  } else if (rest.substr(0, rest.find('/')).find(':') != std::string_view::npos) {
    // KIND:NAME, HOST:PATH and URLs: a colon before the first slash.
    unsupported(address);
  }
  if (rest.empty()) {
    throw Error(ErrorKind::InvalidArgument, "the store is empty; give --store repo:DIR");
  }
  return absolute_path(std::string(rest));
}

std::string cache_directory(const Io& io, bool is_root) {
  if (const auto own = io.variable("SNAPFERRY_CACHE")) return absolute_path(*own);
  if (const auto base = io.variable("XDG_CACHE_HOME")) return *base + "/snapferry";
  if (const auto home = io.variable("HOME")) return *home + "/.cache/snapferry";
  return is_root ? "/var/cache/snapferry" : "";
}

std::string store_address(const Context& context) {
  if (const auto given = context.options.given("--store")) return *given;
  if (const auto variable = context.io.variable("SNAPFERRY_STORE")) return *variable;
  throw Error(ErrorKind::InvalidArgument,
              "no store given; use --store repo:DIR or set SNAPFERRY_STORE");
}

OpenStore open_store(Context& context) {
  OpenStore store;
  store.directory = store_directory(store_address(context));
  store.cache = cache_directory(context.io, ::geteuid() == 0);
  require_directory(context, store);
  store.storage = blob::LocalStorage::open(store.directory);
  repository::OpenOptions options;
  options.password = [&] { return obtain_password(context, password_of_store(store.name())); };
  options.require_encryption = is_password_given(context, password_of_store(store.name()));
  options.cache_directory = store.cache;
  try {
    store.repository = repository::Repository::open(*store.storage, options);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    throw NoSuchStore(
        fmt::format("{}: is no repository; give the right store, or make one with "
                    "'snapferry init'",
                    store.name()));
  }
  return store;
}

std::vector<Snapshot> list_snapshots(Context& context, OpenStore& store, bool* damaged) {
  std::vector<repository::Damage> damages;
  auto snapshots = store.repository->snapshots(&damages);
  for (const auto& damage : damages) {
    context.console.warn(fmt::format("{}: {}: {}; 'snapferry verify' says more", store.name(),
                                     damage.object, damage.message));
    context.console.emit(
        JsonObject::line("damage").text("object", damage.object).text("message", damage.message));
  }
  if (damaged != nullptr) *damaged = !damages.empty();
  return snapshots;
}

}  // namespace snapferry::cli
