#pragma once

#include <string>

namespace snapferry::btrfs {

// Makes `name` in `directory` a subvolume that can be written to, as far as it is not, and
// `subject` names it in messages. What may be there instead, and what becomes of it:
//
//   nothing                      the subvolume is created
//   the stub of a subvolume      a snapshot of what holds the subvolume has an empty directory in
//                                its place that nothing can be made in (inode 2). A volume that was
//                                rolled back to such a snapshot has that; it is replaced
//   an empty directory of ours   what a copy of the files left in its place; it is replaced
//   a directory with content     is used as it is
//   a subvolume, read-only       is made writable again
//
// Throws Conflict for anything else, a symlink or a file, and leaves it; what belongs to another
// user is left, too, for open_or_make_private() to refuse.
void make_own_subvolume(int directory, const char* name, const std::string& subject);

}  // namespace snapferry::btrfs
