#include <cerrno>
#include <cstdint>
#include <memory>

#include <dlfcn.h>

#include "core/error.h"
#include "zfs/pool_calls.h"

namespace snapferry::zfs {
namespace {

// OpenZFS, include/libzfs_core.h and include/sys/nvpair.h, since 0.8 unchanged. Declared here,
// because the program is also for machines without ZFS, and is built on them.
struct NvList;
struct NvPairRecord;
constexpr unsigned kUniqueName = 1;  // NV_UNIQUE_NAME
constexpr int kFalse = 0;            // of boolean_t
constexpr int kNoCleanup = -1;       // holds stay when the process ends
constexpr int kFilesystem = 2;       // LZC_DATSET_TYPE_ZFS
constexpr std::uint64_t kOff = 0;    // ZFS_CANMOUNT_OFF (include/sys/fs/zfs.h)

// The functions of the library that are used, and their types.
class Library {
 public:
  Library() {
    for (const char* file : {"libzfs_core.so.3", "libzfs_core.so.1"}) {
      if (handle_ == nullptr) handle_ = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
    }
    if (handle_ == nullptr) {
      throw Error(ErrorKind::Unavailable,
                  "libzfs_core: is not here; install zfsutils-linux, which brings it");
    }
    load(init_, "libzfs_core_init");
    load(create_, "lzc_create");
    load(snapshot_, "lzc_snapshot");
    load(hold_, "lzc_hold");
    load(bookmark_, "lzc_bookmark");
    load(release_, "lzc_release");
    load(destroy_snaps_, "lzc_destroy_snaps");
    load(destroy_bookmarks_, "lzc_destroy_bookmarks");
    load(alloc_, "nvlist_alloc");
    load(free_, "nvlist_free");
    load(add_string_, "nvlist_add_string");
    load(add_boolean_, "nvlist_add_boolean");
    load(add_list_, "nvlist_add_nvlist");
    load(add_number_, "nvlist_add_uint64");
    load(next_, "nvlist_next_nvpair");
    load(name_, "nvpair_name");
    load(int32_, "nvpair_value_int32");
    if (const int error = init_(); error != 0) {
      throw Error(ErrorKind::Unavailable,
                  system_error(error, "be opened", "/dev/zfs").message() +
                      "; load ZFS with modprobe zfs, and see whether this user may open it");
    }
  }

  // Owned by the list that it frees.
  using List = std::unique_ptr<NvList, void (*)(NvList*)>;

  List new_list() const {
    NvList* list = nullptr;
    require(alloc_(&list, kUniqueName, 0));
    return {list, free_};
  }
  List adopt(NvList* list) const { return {list, free_}; }
  void add(NvList& list, const std::string& name, const std::string& text) const {
    require(add_string_(&list, name.c_str(), text.c_str()));
  }
  void add(NvList& list, const std::string& name) const {
    require(add_boolean_(&list, name.c_str()));
  }
  void add(NvList& list, const std::string& name, NvList& value) const {
    require(add_list_(&list, name.c_str(), &value));
  }

  void add(NvList& list, const std::string& name, std::uint64_t number) const {
    require(add_number_(&list, name.c_str(), number));
  }

  // The errno behind each name.
  std::map<std::string, int> numbers(NvList* list) const {
    std::map<std::string, int> result;
    if (list == nullptr) return result;
    for (auto* pair = next_(list, nullptr); pair != nullptr; pair = next_(list, pair)) {
      std::int32_t number = 0;
      if (int32_(pair, &number) == 0) result[name_(pair)] = number;
    }
    return result;
  }

  int call(PoolChange change, NvList* items, NvList** errors) const {
    switch (change) {
      case PoolChange::Snapshot:
        return snapshot_(items, nullptr, errors);
      case PoolChange::Hold:
        return hold_(items, kNoCleanup, errors);
      case PoolChange::Bookmark:
        return bookmark_(items, errors);
      case PoolChange::Release:
        return release_(items, errors);
      case PoolChange::DestroySnapshots:
        return destroy_snaps_(items, kFalse, errors);
      case PoolChange::DestroyBookmarks:
        return destroy_bookmarks_(items, errors);
    }
    return EINVAL;
  }

  int create(const std::string& name, NvList& properties) const {
    return create_(name.c_str(), kFilesystem, &properties, nullptr, 0);
  }

 private:
  // Those of the nvlist are in a library that this one needs, where dlsym() looks, too.
  template <typename Function>
  void load(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(::dlsym(handle_, name));
    if (function != nullptr) return;
    throw Error(ErrorKind::Unavailable, "libzfs_core: has no function " + std::string(name) +
                                            "; OpenZFS 0.8 or later is needed");
  }

  static void require(int error) {
    if (error != 0) throw Error(ErrorKind::Internal, "nvlist: cannot be made").with_errno(error);
  }

  void* handle_ = nullptr;  // stays until the process ends
  int (*init_)() = nullptr;
  int (*create_)(const char*, int, NvList*, std::uint8_t*, unsigned) = nullptr;
  int (*snapshot_)(NvList*, NvList*, NvList**) = nullptr;
  int (*hold_)(NvList*, int, NvList**) = nullptr;
  int (*bookmark_)(NvList*, NvList**) = nullptr;
  int (*release_)(NvList*, NvList**) = nullptr;
  int (*destroy_snaps_)(NvList*, int, NvList**) = nullptr;
  int (*destroy_bookmarks_)(NvList*, NvList**) = nullptr;
  int (*alloc_)(NvList**, unsigned, int) = nullptr;
  void (*free_)(NvList*) = nullptr;
  int (*add_string_)(NvList*, const char*, const char*) = nullptr;
  int (*add_boolean_)(NvList*, const char*) = nullptr;
  int (*add_list_)(NvList*, const char*, NvList*) = nullptr;
  int (*add_number_)(NvList*, const char*, std::uint64_t) = nullptr;
  NvPairRecord* (*next_)(NvList*, const NvPairRecord*) = nullptr;
  const char* (*name_)(const NvPairRecord*) = nullptr;
  int (*int32_)(const NvPairRecord*, std::int32_t*) = nullptr;
};

void add_item(const Library& library, NvList& list, PoolChange change, const PoolItem& item) {
  switch (change) {
    case PoolChange::Hold:
    case PoolChange::Bookmark:
      return library.add(list, item.name, item.argument);
    case PoolChange::Release: {
      const auto tags = library.new_list();
      library.add(*tags, item.argument);
      return library.add(list, item.name, *tags);
    }
    case PoolChange::Snapshot:
    case PoolChange::DestroySnapshots:
    case PoolChange::DestroyBookmarks:
      return library.add(list, item.name);
  }
}

const Library& library_of_this_machine() {
  static const Library library;
  return library;
}

class LibraryCalls : public PoolCalls {
 public:
  PoolOutcome change(PoolChange change, const std::vector<PoolItem>& items) override {
    const auto& library = library_of_this_machine();
    const auto list = library.new_list();
    for (const auto& item : items) add_item(library, *list, change, item);
    NvList* raw = nullptr;
    PoolOutcome outcome;
    outcome.error = library.call(change, list.get(), &raw);
    const auto errors = library.adopt(raw);
    for (const auto& [name, number] : library.numbers(errors.get())) {
      // A tag that is not there is named "SNAPSHOT#TAG" (dsl_userhold.c).
      const auto end = change == PoolChange::Release ? name.find('#') : name.npos;
      outcome.errors[name.substr(0, end)] = number;
    }
    return outcome;
  }

  int create(const NewFilesystem& filesystem) override {
    const auto& library = library_of_this_machine();
    const auto properties = library.new_list();
    if (filesystem.never_mounts) {
      library.add(*properties, "canmount", kOff);
      library.add(*properties, "mountpoint", std::string("none"));
    }
    for (const auto& [name, value] : filesystem.user_properties) {
      library.add(*properties, name, value);
    }
    return library.create(filesystem.name, *properties);
  }
};

}  // namespace

PoolCalls& system_pool_calls() {
  static LibraryCalls calls;
  return calls;
}

}  // namespace snapferry::zfs
