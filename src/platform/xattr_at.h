#pragma once

#include <cstddef>

#include <sys/types.h>

#include "core/bytes.h"

namespace snapferry::platform {

// The calls of xattr(7) on `name` in `directory`, whatever it is; a symlink is not followed. With
// AT_FDCWD `name` is a path. Results and errno are those of llistxattr(2) and the others.
//
// The kernel has them since Linux 6.13 (setxattrat(2)). Before, they go by a path through /proc,
// and without that by a thread that has `directory` for its working directory (own_directory.h).
//
// A name can be exchanged by whoever may write to the directory: what is changed is to be changed
// where nobody else can (is_private_directory()).
ssize_t list_xattrs_at(int directory, const char* name, char* list, std::size_t size);
ssize_t get_xattr_at(int directory, const char* name, const char* attribute, char* value,
                     std::size_t size);
int set_xattr_at(int directory, const char* name, const char* attribute, ByteView value);
int remove_xattr_at(int directory, const char* name, const char* attribute);

}  // namespace snapferry::platform
