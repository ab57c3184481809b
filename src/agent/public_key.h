#pragma once

#include <string>
#include <string_view>

namespace snapferry::agent {

// A public key of ssh as one line of a file holds it: "TYPE BASE64 COMMENT" (sshd(8),
// AUTHORIZED_KEYS FILE FORMAT; the blob as in RFC 4253, 5656, 8709 and OpenSSH's PROTOCOL.u2f).
struct PublicKey {
  std::string type;     // "ssh-ed25519"
  std::string blob;     // base64, as it stands there; what makes two keys the same
  std::string comment;  // printable; may be empty
  bool operator==(const PublicKey&) const = default;
};

// The one key of `text`, the content of a ".pub" file named `subject`. Throws InvalidArgument with
// the cause and what to give instead: empty, more than one line, a private key, options in front,
// a type that sshd does not take or takes no more, a blob that is no key of its type.
PublicKey parse_public_key(std::string_view text, std::string_view subject);

}  // namespace snapferry::agent
