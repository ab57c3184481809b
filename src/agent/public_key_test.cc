#include "agent/public_key.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry::agent {
namespace {

// Made with ssh-keygen of OpenSSH 9.2.
const std::string kEd25519Blob =
    "AAAAC3NzaC1lZDI1NTE5AAAAIEf+i7GLKz/tRhtq2/EKn36vDNHj6Knsqz3PVsKE7IfT";
const std::string kEd25519 = "ssh-ed25519 " + kEd25519Blob + " me@here";
const std::string kEcdsa =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBL9fCd5HEFFh9qnSfrDu"
    "UuXaEAZMNpPEbtZ4GTyvJNe6XyJXVGQv4TjXWGYawBJ0OS0WSJ8qnVFW+qS/bKw2muk= ";

TEST(PublicKey, IsReadFromALineOfSshKeygen) {
  const PublicKey expected = {"ssh-ed25519", kEd25519Blob, "me@here"};
  EXPECT_EQ(parse_public_key(kEd25519 + "\n", "k"), expected);
  EXPECT_EQ(parse_public_key(kEd25519 + "\r\n", "k"), expected);
  EXPECT_EQ(parse_public_key(kEd25519, "k"), expected);
  EXPECT_EQ(parse_public_key(kEcdsa + "\n", "k").comment, "");
  EXPECT_EQ(parse_public_key(kEd25519 + " and so on", "k").comment, "me@here and so on");
}

TEST(PublicKey, IsNoneIfCutShortAnywhere) {
  for (std::size_t size = 0; size < kEd25519.size() - std::string(" me@here").size(); ++size) {
    EXPECT_ERROR(parse_public_key(kEd25519.substr(0, size), "k"), ErrorKind::InvalidArgument);
  }
}

TEST(PublicKey, IsNoneWithAnythingElse) {
  const auto refused = [](const std::string& text) {
    EXPECT_ERROR(parse_public_key(text, "k"), ErrorKind::InvalidArgument);
  };
  refused(kEd25519 + "\n" + kEd25519 + "\n");
  refused("\n" + kEd25519);
  refused("# comment\n" + kEd25519);
  refused("command=\"sh\" " + kEd25519);
  refused("cert-authority " + kEd25519);
  refused("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n");
  refused("ssh-dss " + kEd25519Blob);
  refused("ssh-rsa " + kEd25519Blob);
  refused("ssh-ed25519 " + kEd25519Blob + "AAAA");
  refused("ssh-ed25519 " + kEd25519Blob + std::string("\0", 1));
  refused("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEf+i7GLKz/tRhtq2/EKn36vDNHj6Knsqz3PVsKE7If*");
  refused("ssh-ed25519\x1b " + kEd25519Blob);
  refused(std::string(1 << 20, 'A'));
}

TEST(PublicKey, ThatIsPrivateIsNamedAsSuch) {
  try {
    (void)parse_public_key("-----BEGIN OPENSSH PRIVATE KEY-----\n", "id");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("private"), std::string::npos);
  }
}

}  // namespace
}  // namespace snapferry::agent
