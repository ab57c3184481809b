#pragma once

#include <string>
#include <string_view>

#include "agent/policy.h"
#include "agent/public_key.h"
#include "sandbox/sandbox.h"

namespace snapferry::agent {

// `word` such that a shell makes one argument of just these bytes of it. Throws InvalidArgument
// for a control character, which no line of authorized_keys can hold.
std::string shell_word(std::string_view word);

// The forced command: "snapferry agent --allow source --set main --volume 'zfs:tank/**'".
// `program` is "snapferry" or its path at the far end.
std::string agent_command(std::string_view program, const Policy& policy,
                          sandbox::SandboxMode sandbox);

// The line that lets `key` do what `command` does and nothing else: `command="…",restrict TYPE
// BLOB COMMENT` (sshd(8): restrict takes forwarding, terminal and rc file away).
std::string authorized_line(const PublicKey& key, std::string_view command);

enum class Authorized { Added, WasThere };

// Appends `line` to the file at `path` under a lock, as one write, and makes it durable; the file
// is made with mode 0600 if need be, its directory with 0700, both of the owner of what they are
// in. A symlink is not followed.
//
// Throws Conflict if the key is there with other options: sshd takes the first line of a key, so a
// second would do nothing. Throws PermissionDenied, NoSpace, Unavailable; the file is then as it
// was.
Authorized authorize(const std::string& path, std::string_view line, const PublicKey& key);

}  // namespace snapferry::agent
