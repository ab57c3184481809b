#include "simplesnap/client_options.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace snapferry::simplesnap {
namespace {

using Words = std::vector<std::string>;

Words with(Words more) {
  Words words = {"--store", "tank/simplesnap", "--setname", "mainset", "--host", "web1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string refusal(const Words& words) {
  try {
    parse_client_options(words);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::InvalidArgument);
    return error.message();
  }
}

TEST(ClientOptions, AreThoseOfTheManPage) {
  const auto options = parse_client_options(
      with({"--sshcmd", "ssh -i /root/.id  -p 22", "--wrapcmd", "/usr/sbin/simplesnapwrap",
            "--receivecmd", "zfs receive -u", "--local", "--noreap", "--backupdataset", "tank/a",
            "--datasetdest", "backup/x", "--limit", "20M"}));
  EXPECT_EQ(options.store, "tank/simplesnap");
  EXPECT_EQ(options.set, "mainset");
  EXPECT_EQ(options.host, "web1");
  EXPECT_EQ(options.ssh_command, (Words{"ssh", "-i", "/root/.id", "-p", "22"}));
  EXPECT_EQ(options.wrap_command, Words{"/usr/sbin/simplesnapwrap"});
  EXPECT_EQ(options.receive_command, (Words{"zfs", "receive", "-u"}));
  EXPECT_EQ(options.backup_dataset, "tank/a");
  EXPECT_EQ(options.dataset_dest, "backup/x");
  EXPECT_EQ(options.limit, 20U << 20);
  EXPECT_TRUE(options.local && options.no_reap && !options.reap_only);
}

TEST(ClientOptions, NeedNoHostToCheckOrReap) {
  EXPECT_EQ(refusal({"--check", "30 days ago", "--store", "tank", "--setname", "s"}), "");
  EXPECT_EQ(refusal({"--reaponly", "--store", "tank", "--setname", "s"}), "");
  EXPECT_NE(refusal({"--store", "tank", "--setname", "s"}), "");
}

TEST(ClientOptions, AreRefusedWhereTheyMakeNoSense) {
  EXPECT_NE(refusal({}), "");
  EXPECT_NE(refusal({"--setname", "s", "--host", "h"}), "");
  EXPECT_NE(refusal({"--store", "tank", "--host", "h"}), "");
  for (const Words& more :
       {Words{"--datasetdest", "a/b"}, Words{"--check", ""}, Words{"--store"},
        Words{"--setname", "a_b"}, Words{"--setname=x"}, Words{"--force"},
        Words{"--host", "-oProxyCommand=id"}, Words{"--host", "a/b"}, Words{"--host", ".."},
        Words{"--store", "tank/"}, Words{"--backupdataset", "tank/a;id"}, Words{"--sshcmd", "  "},
        Words{"--limit", "fast"}})
    EXPECT_NE(refusal(with(more)), "") << more[0];
}

}  // namespace
}  // namespace snapferry::simplesnap
