#include "mount/fuse_service.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <string>

#include <sys/statvfs.h>
#include <unistd.h>

#include "core/error.h"

namespace snapferry::mount {
namespace {

// Snapshots never change; what is above them does, and the kernel is to ask again.
constexpr double kForever = 24 * 60 * 60;
constexpr double kSoon = 1;
// Of what a snapshot left out: the reason.
constexpr std::string_view kLeftOutAttribute = "user.snapferry.left_out";
constexpr std::string_view kUnsettledAttribute = "user.snapferry.unsettled";

// Of every file, though not listed, so that no copy has it: this is a mount of ours
// (tree/directory_kinds.h asks).
constexpr std::string_view kMountAttribute = "user.snapferry.mount";

double lifetime(const Node& node) { return node.kind == Node::Kind::Snapshot ? kForever : kSoon; }

FuseService& service_of(fuse_req_t request) {
  return *static_cast<FuseService*>(::fuse_req_userdata(request));
}

// Runs `action`, which ends by replying, on the node; replies with EIO if it throws.
template <typename Action>
void with_node(fuse_req_t request, fuse_ino_t number, Action action) noexcept {
  FuseService& service = service_of(request);
  NodePointer node;
  try {
    node = service.nodes.get(number);
    action(service, *node);
  } catch (const std::exception& error) {
    if (service.problems != nullptr) {
      service.problems->problem(node ? node->entry.name : "", error.what());
    }
    ::fuse_reply_err(request, EIO);
  }
}

fuse_entry_param parameters(const FuseService& service, const Node& node) {
  fuse_entry_param entry{};
  entry.ino = node.number;
  entry.attr = service.file_system.stat(node);
  entry.attr_timeout = lifetime(node);
  entry.entry_timeout = lifetime(node);
  return entry;
}

void initialise(void*, fuse_conn_info* connection) {
  const auto want = [&](unsigned capability) {
    if ((connection->capable & capability) != 0) connection->want |= capability;
  };
  want(FUSE_CAP_POSIX_ACL);
  want(FUSE_CAP_EXPORT_SUPPORT);
  want(FUSE_CAP_READDIRPLUS);
  want(FUSE_CAP_PARALLEL_DIROPS);
}

// Nobody is to take what was left out for empty. True if that was the reply.
bool was_left_out(fuse_req_t request, const Node& node) {
  if (node.entry.left_out == LeftOut::None) return false;
  ::fuse_reply_err(request, ENODATA);
  return true;
}

void lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  with_node(request, parent, [&](FuseService& service, const Node& directory) {
    if (was_left_out(request, directory)) return;
    const NodePointer node = service.file_system.find(directory, name);
    if (!node) {
      ::fuse_reply_err(request, ENOENT);
      return;
    }
    const fuse_entry_param entry = parameters(service, *node);
    service.nodes.remember(node);
    if (::fuse_reply_entry(request, &entry) != 0) service.nodes.forget(node->number, 1);
  });
}

void forget(fuse_req_t request, fuse_ino_t number, std::uint64_t count) {
  service_of(request).nodes.forget(number, count);
  ::fuse_reply_none(request);
}

void forget_many(fuse_req_t request, std::size_t count, fuse_forget_data* forgotten) {
  for (std::size_t index = 0; index < count; ++index) {
    service_of(request).nodes.forget(forgotten[index].ino, forgotten[index].nlookup);
  }
  ::fuse_reply_none(request);
}

void get_attributes(fuse_req_t request, fuse_ino_t number, fuse_file_info*) {
  with_node(request, number, [&](FuseService& service, const Node& node) {
    const struct stat stat = service.file_system.stat(node);
    ::fuse_reply_attr(request, &stat, lifetime(node));
  });
}

void read_link(fuse_req_t request, fuse_ino_t number) {
  with_node(request, number, [&](FuseService& service, const Node& node) {
    if (was_left_out(request, node)) return;
    ::fuse_reply_readlink(request, service.file_system.read_link(node).c_str());
  });
}

void open(fuse_req_t request, fuse_ino_t number, fuse_file_info* info) {
  with_node(request, number, [&](FuseService&, const Node& node) {
    if (was_left_out(request, node)) return;
    if ((info->flags & O_ACCMODE) != O_RDONLY) {
      ::fuse_reply_err(request, EROFS);
      return;
    }
    info->keep_cache = 1;
    ::fuse_reply_open(request, info);
  });
}

void read(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset, fuse_file_info*) {
  with_node(request, number, [&](FuseService& service, const Node& node) {
    const Bytes bytes = service.file_system.read(node, static_cast<std::uint64_t>(offset), size);
    ::fuse_reply_buf(request, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
}

void seek(fuse_req_t request, fuse_ino_t number, off_t offset, int whence, fuse_file_info*) {
  with_node(request, number, [&](FuseService& service, const Node& node) {
    const auto found =
        service.file_system.seek(node, static_cast<std::uint64_t>(offset), whence == SEEK_HOLE);
    if (found) {
      ::fuse_reply_lseek(request, static_cast<off_t>(*found));
    } else {
      ::fuse_reply_err(request, ENXIO);
    }
  });
}

OpenDirectory& open_directory_of(const fuse_file_info* info) {
  return *reinterpret_cast<OpenDirectory*>(info->fh);
}

void open_directory(fuse_req_t request, fuse_ino_t number, fuse_file_info* info) {
  with_node(request, number, [&](FuseService& service, const Node& node) {
    if (was_left_out(request, node)) return;
    auto directory = std::make_unique<OpenDirectory>();
    directory->listing = service.file_system.list(node);
    OpenDirectory* added = service.directories.add(std::move(directory));
    info->fh = reinterpret_cast<std::uint64_t>(added);
    if (::fuse_reply_open(request, info) != 0) service.directories.remove(added);
  });
}

void release_directory(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  service_of(request).directories.remove(&open_directory_of(info));
  ::fuse_reply_err(request, 0);
}

// Moves the listing to `offset`: usually it is there.
void go_to(FuseService& service, const Node& node, OpenDirectory& directory, std::uint64_t offset) {
  if (directory.position > offset) {
    directory.listing = service.file_system.list(node);
    directory.position = 2;
  }
  for (; directory.position < offset && directory.listing->peek(); ++directory.position) {
    directory.listing->next();
  }
}

enum class ListKind { Names, NamesAndAttributes };

// The buffer of one reply to readdir or readdirplus.
class DirectoryReply {
 public:
  DirectoryReply(fuse_req_t request, FuseService& service, std::size_t size, ListKind kind)
      : request_(request), service_(service), buffer_(size), kind_(kind) {}

  // False if there is no more room.
  bool add_dots(std::uint64_t number, std::uint64_t offset) {
    fuse_entry_param entry{};
    entry.attr.st_ino = number;
    entry.attr.st_mode = S_IFDIR;
    return add(offset == 0 ? "." : "..", entry, offset + 1);
  }
  bool add_node(const NodePointer& node, std::uint64_t offset) {
    if (!add(node->entry.name.c_str(), parameters(service_, *node), offset + 1)) return false;
    if (kind_ == ListKind::NamesAndAttributes) service_.nodes.remember(node);
    return true;
  }
  void send() { ::fuse_reply_buf(request_, buffer_.data(), used_); }
  bool empty() const { return used_ == 0; }

 private:
  bool add(const char* name, const fuse_entry_param& entry, std::uint64_t next_offset) {
    char* place = buffer_.data() + used_;
    const std::size_t room = buffer_.size() - used_;
    const auto next = static_cast<off_t>(next_offset);
    const std::size_t needed =
        kind_ == ListKind::Names
            ? ::fuse_add_direntry(request_, place, room, name, &entry.attr, next)
            : ::fuse_add_direntry_plus(request_, place, room, name, &entry, next);
    if (needed > room) return false;
    used_ += needed;
    return true;
  }

  fuse_req_t request_;
  FuseService& service_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  ListKind kind_;
};

void list_directory(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t from,
                    fuse_file_info* info, ListKind kind) {
  with_node(request, number, [&](FuseService& service, const Node& node) {
    DirectoryReply reply(request, service, size, kind);
    OpenDirectory& directory = open_directory_of(info);
    auto offset = static_cast<std::uint64_t>(from);
    while (offset < 2 && reply.add_dots(node.number, offset)) ++offset;
    if (offset >= 2) {
      try {
        go_to(service, node, directory, offset);
        while (const NodePointer next = directory.listing->peek()) {
          if (!reply.add_node(next, directory.position)) break;
          directory.listing->next();
          ++directory.position;
        }
      } catch (const Error&) {
        // What was added is counted as told to the kernel, so it must be sent; the next
        // call meets the damage again.
        if (reply.empty()) throw;
      }
    }
    reply.send();
  });
}

void read_directory(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset,
                    fuse_file_info* info) {
  list_directory(request, number, size, offset, info, ListKind::Names);
}

void read_directory_plus(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset,
                         fuse_file_info* info) {
  list_directory(request, number, size, offset, info, ListKind::NamesAndAttributes);
}

// Replies with the bytes, or with their number if `size` is 0.
void reply_sized(fuse_req_t request, ByteView bytes, std::size_t size) {
  if (size == 0) {
    ::fuse_reply_xattr(request, bytes.size());
  } else if (size < bytes.size()) {
    ::fuse_reply_err(request, ERANGE);
  } else {
    ::fuse_reply_buf(request, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
}

void get_xattr(fuse_req_t request, fuse_ino_t number, const char* name, std::size_t size) {
  with_node(request, number, [&](FuseService&, const Node& node) {
    if (node.entry.left_out != LeftOut::None && std::string_view(name) == kLeftOutAttribute) {
      return reply_sized(request, as_bytes(reason_word(node.entry.left_out)), size);
    }
    if (node.entry.unsettled && std::string_view(name) == kUnsettledAttribute) {
      return reply_sized(request, as_bytes("yes"), size);
    }
    if (std::string_view(name) == kMountAttribute) {
      return reply_sized(request, as_bytes("yes"), size);
    }
    const auto& xattrs = node.entry.xattrs;
    const auto found = std::ranges::find(xattrs, std::string_view(name), &ExtendedAttribute::name);
    if (found == xattrs.end()) {
      ::fuse_reply_err(request, ENODATA);
    } else {
      reply_sized(request, found->value, size);
    }
  });
}

void list_xattrs(fuse_req_t request, fuse_ino_t number, std::size_t size) {
  with_node(request, number, [&](FuseService&, const Node& node) {
    std::string names;
    for (const ExtendedAttribute& xattr : node.entry.xattrs) names += xattr.name + '\0';
    if (node.entry.left_out != LeftOut::None) names += std::string(kLeftOutAttribute) + '\0';
    if (node.entry.unsettled) names += std::string(kUnsettledAttribute) + '\0';
    reply_sized(request, as_bytes(names), size);
  });
}

void stat_file_system(fuse_req_t request, fuse_ino_t) {
  struct statvfs stat {};
  stat.f_bsize = 4096;
  stat.f_frsize = 4096;
  stat.f_namemax = 255;
  ::fuse_reply_statfs(request, &stat);
}

}  // namespace

const fuse_lowlevel_ops& fuse_operations() {
  static const fuse_lowlevel_ops operations = [] {
    fuse_lowlevel_ops all{};
    all.init = initialise;
    all.lookup = lookup;
    all.forget = forget;
    all.forget_multi = forget_many;
    all.getattr = get_attributes;
    all.readlink = read_link;
    all.open = open;
    all.read = read;
    all.lseek = seek;
    all.opendir = open_directory;
    all.readdir = read_directory;
    all.readdirplus = read_directory_plus;
    all.releasedir = release_directory;
    all.getxattr = get_xattr;
    all.listxattr = list_xattrs;
    all.statfs = stat_file_system;
    return all;
  }();
  return operations;
}

}  // namespace snapferry::mount
