#include "tree/restore/restore_entry.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "platform/metadata.h"
#include "platform/metadata_file.h"
#include "tree/restore/link_restore.h"
#include "tree/restore/losses.h"
#include "tree/restore/placement.h"
#include "tree/restore/restore_file.h"
#include "tree/restore/restore_session.h"
#include "tree/restore/target.h"

namespace snapferry::tree {
namespace {

using platform::Fd;
using platform::MetadataFile;

std::optional<Existing> look(const RestoreDirectory& directory, const DirectoryHandle& here,
                             const std::string& name) {
  if (!here || directory.is_new()) return std::nullopt;
  const std::optional<struct statx> stat = stat_at(here->get(), name);
  if (!stat) return std::nullopt;
  directory.require_listed(name);
  Existing existing{*stat, {}};
  if (type_of(*stat) == EntryType::Symlink) {
    existing.target = platform::read_symlink_at(here->get(), name.c_str(), name);
  }
  return existing;
}

// One entry on its way.
class EntryRestore {
 public:
  EntryRestore(RestoreSession& session, RestoreDirectory& directory, const DirectoryHandle& here,
               Entry& entry)
      : session_(session), directory_(directory), here_(here), entry_(entry) {}

  void run() {
    existing_ = look(directory_, here_, entry_.name);
    switch (judge(entry_, existing_, session_.overwrite())) {
      case Verdict::Leave:
        return leave();
      case Verdict::Check:
        return check();
      case Verdict::Create:
      case Verdict::Replace:
        return write();
    }
  }

 private:
  RestoreAction writing() const {
    return existing_ ? RestoreAction::Replace : RestoreAction::Create;
  }

  // Its other names, if any, are not linked to it: nobody knows what is in it.
  void leave() {
    session_.act(RestoreAction::Keep, directory_, entry_.name, &entry_);
    session_.add_progress(entry_.size);
    links_failed(session_, entry_);
  }

  void check() {
    const struct statx& stat = existing_->stat;
    const bool differs =
        session_.metadata.differs(here_->get(), entry_.name, stat, entry_, losses_) ||
        AttributeWriter::differs(stat, entry_);
    if (differs) check_not_sealed();
    if (differs &&
        (stat.stx_nlink > 1 || session_.metadata.gives_rights(stat, entry_) || !can_be_updated())) {
      return write();
    }
    if (differs && !session_.options.dry_run) update();
    session_.lost(directory_, entry_.name, losses_);
    session_.act(differs ? RestoreAction::UpdateMetadata : RestoreAction::Keep, directory_,
                 entry_.name, &entry_);
    session_.add_progress(entry_.size);
    links_done(session_, directory_, entry_, stat);
  }

  // Where it cannot be held by anything that stays the same, it is made again.
  bool can_be_updated() const {
    const int at = here_->get();
    if (entry_.type == EntryType::File) {
      constexpr int kFlags = AT_EACCESS | AT_SYMLINK_NOFOLLOW;
      return ::faccessat(at, entry_.name.c_str(), R_OK, kFlags) == 0;
    }
    return platform::is_private_directory(at) ||
           session_.metadata.handle_suffices(at, entry_.name, existing_->stat, entry_);
  }

  void update() {
    if (entry_.type == EntryType::File) return update_file();
    const Fd handle = open_for_metadata(here_->get(), entry_.name);
    check_same(stat_open(handle.get(), entry_.name));
    session_.metadata.apply(hold(handle, here_->get(), entry_.name), entry_, losses_);
  }

  void update_file() {
    check_same(stat_open(open_for_metadata(here_->get(), entry_.name).get(), entry_.name));
    const Fd opened = open_file_at(here_->get(), entry_.name);
    const struct statx stat = stat_open(opened.get(), entry_.name);
    check_same(stat);
    session_.metadata.apply(MetadataFile::opened(opened.get()), entry_, losses_);
    if (!AttributeWriter::differs(stat, entry_)) return;
    session_.attributes.prepare(opened.get(), entry_, losses_);
    session_.attributes.seal(opened.get(), entry_, losses_);
  }

  void check_same(const struct statx& stat) const {
    if (stat.stx_ino == existing_->stat.stx_ino && stat.stx_nlink == 1) return;
    throw Error(ErrorKind::Conflict,
                entry_.name + ": was replaced by someone else meanwhile; restore it again");
  }

  static MetadataFile hold(const Fd& handle, int directory, const std::string& name) {
    return platform::is_private_directory(directory)
               ? MetadataFile::named(handle.get(), directory, name.c_str())
               : MetadataFile::handle(handle.get());
  }

  void check_not_sealed() const {
    if (!existing_ || !AttributeWriter::is_sealed(existing_->stat)) return;
    throw Error(ErrorKind::PermissionDenied,
                entry_.name +
                    ": what is in its place is immutable or append-only; allow changes "
                    "with chattr -i -a and restore it again");
  }

  void write() {
    check_not_sealed();
    if (session_.options.dry_run) {
      clear_directory(session_, directory_, here_, entry_, existing_);
      session_.act(writing(), directory_, entry_.name, &entry_);
      session_.add_written(bytes_to_write(session_.source, entry_));
      return links_done(session_, directory_, entry_, {});
    }
    if (entry_.type != EntryType::File) return write_special();
    if (is_small(entry_)) return write_small();
    begin_big_file(session_, directory_, here_, std::move(entry_), std::move(existing_));
  }

  Placement place() const {
    return Placement(here_->get(), entry_.name, existing_ ? session_.temporary_name() : "");
  }

  void write_small() {
    const LoadedContent content = load_content(session_.source, entry_);
    Placement placement = place();
    const NewFileTraits& traits = directory_.traits();
    const Fd fd = create_file(placement, session_.metadata.creation_mode(entry_, traits));
    session_.metadata.own_new(fd.get(), entry_, traits, losses_);
    session_.attributes.prepare(fd.get(), entry_, losses_);
    session_.add_written(write_content(fd.get(), content, entry_));
    session_.metadata.finish_new(fd.get(), entry_, traits, losses_);
    commit(placement, fd.get());
  }

  // A symlink without attributes needs nothing that goes by its name.
  Placement place_special() const {
    const bool by_name = entry_.type != EntryType::Symlink || !entry_.xattrs.empty();
    if (!by_name || platform::is_private_directory(here_->get())) return place();
    return Placement::in_nook(here_->get(), entry_.name, session_.temporary_name());
  }

  void write_special() {
    Placement placement = place_special();
    create_special(placement);
    const Fd fd = open_for_metadata(placement.directory(), placement.name());
    const struct statx stat = stat_open(fd.get(), entry_.name);
    if (type_of(stat) != entry_.type || stat.stx_nlink != 1) {
      throw Error(ErrorKind::Conflict,
                  entry_.name + ": was replaced by someone else meanwhile; restore it again");
    }
    losses_.attempt([&] {
      session_.metadata.apply(hold(fd, placement.directory(), placement.name()), entry_, losses_);
    });
    commit(placement, fd.get());
  }

  void create_special(Placement& placement) {
    const int at = placement.directory();
    const char* name = placement.name().c_str();
    int result = 0;
    switch (entry_.type) {
      case EntryType::Symlink:
        result = ::symlinkat(entry_.target.c_str(), at, name);
        break;
      case EntryType::Fifo:
        result = ::mknodat(at, name, S_IFIFO | 0600, 0);
        break;
      case EntryType::Socket:
        result = ::mknodat(at, name, S_IFSOCK | 0600, 0);
        break;
      case EntryType::CharacterDevice:
        result = ::mknodat(at, name, S_IFCHR | 0600, entry_.device);
        break;
      case EntryType::BlockDevice:
        result = ::mknodat(at, name, S_IFBLK | 0600, entry_.device);
        break;
      default:
        throw Error(ErrorKind::Internal, entry_.name + ": has content of its own");
    }
    if (result != 0) {
      const bool device =
          entry_.type == EntryType::CharacterDevice || entry_.type == EntryType::BlockDevice;
      if (errno == EPERM && device) {
        throw Error(ErrorKind::PermissionDenied,
                    entry_.name + ": is a device node, which only root may create here");
      }
      throw system_error(errno, "create", entry_.name);
    }
    placement.created();
  }

  void commit(Placement& placement, int fd) {
    clear_directory(session_, directory_, here_, entry_, existing_);
    placement.commit(existing_ ? Placement::Expects::Something : Placement::Expects::Nothing);
    session_.act(writing(), directory_, entry_.name, &entry_);
    session_.add_progress(entry_.size);
    if (entry_.link_device) {
      links_done(session_, directory_, entry_, stat_open(fd, entry_.name));
    } else if (entry_.type == EntryType::File) {
      session_.attributes.seal(fd, entry_, losses_);
    }
    session_.lost(directory_, entry_.name, losses_);
  }

  RestoreSession& session_;
  RestoreDirectory& directory_;
  const DirectoryHandle& here_;
  Entry& entry_;
  std::optional<Existing> existing_;
  Losses losses_;
};

}  // namespace

void restore_entry(RestoreSession& session, RestoreDirectory& directory,
                   const DirectoryHandle& here, Entry entry) {
  // Kept for the report: a big file takes the rest along.
  const std::string name = entry.name;
  bool first_link = false;
  Entry link_key;
  try {
    if (entry.link_device) {
      LinkRecords::Place place;
      switch (session.links.claim(directory, entry, place, [&] { directory.hold(); })) {
        case LinkRecords::Claim::Waiting:
          return;
        case LinkRecords::Claim::Restored:
          if (restore_link(session, directory, here, entry, place)) return;
          break;
        case LinkRecords::Claim::First:
          first_link = true;
          link_key.link_device = entry.link_device;
          link_key.inode = entry.inode;
          break;
      }
    }
    EntryRestore(session, directory, here, entry).run();
  } catch (const Error& error) {
    session.fail(directory, name, error);
    if (first_link) links_failed(session, link_key);
  }
}

void clear_directory(RestoreSession& session, RestoreDirectory& directory,
                     const DirectoryHandle& here, const Entry& entry,
                     const std::optional<Existing>& existing) {
  if (!existing || !is_directory(existing->stat)) return;
  const bool is_gone = session.options.dry_run ? is_empty_directory(here->get(), entry.name)
                                               : remove_empty_directory(here->get(), entry.name);
  if (is_gone) return;
  if (!session.options.delete_extra) {
    throw Error(ErrorKind::Conflict,
                entry.name +
                    ": a directory that is not empty is in the way; move it, or allow "
                    "deleting with --delete");
  }
  session.extras.clear_way(session, directory, here->get(), entry.name);
}

void links_done(RestoreSession& session, RestoreDirectory& directory, const Entry& entry,
                const struct statx& stat) {
  if (!entry.link_device) return;
  LinkRecords::Place place{directory.path_of(entry.name), device_of(stat), stat.stx_ino};
  if (!session.options.dry_run && entry.type == EntryType::File && AttributeWriter::seals(entry)) {
    session.seal_later(place, entry);
  }
  continue_waiting(session, session.links.complete(entry, std::move(place)));
}

void links_failed(RestoreSession& session, const Entry& entry) {
  if (!entry.link_device) return;
  continue_waiting(session, session.links.give_up(entry));
}

}  // namespace snapferry::tree
