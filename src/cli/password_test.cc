#include "cli/password.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "cli/test_program.h"
#include "platform/fd.h"
#include "testing/errors.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

using Words = std::vector<std::string>;

TEST(SplitWords, DividesAtBlanksThatNothingProtects) {
  EXPECT_EQ(split_words("pass show backup"), (Words{"pass", "show", "backup"}));
  EXPECT_EQ(split_words("  a\tb  "), (Words{"a", "b"}));
  EXPECT_EQ(split_words("'a b' \"c d\" e\\ f"), (Words{"a b", "c d", "e f"}));
  EXPECT_EQ(split_words("x'' ''"), (Words{"x", ""}));
  EXPECT_EQ(split_words("echo $HOME; ls | x"), (Words{"echo", "$HOME;", "ls", "|", "x"}));
}

TEST(SplitWords, RefusesAnOpenQuoteAndNothing) {
  EXPECT_THROW(split_words("a 'b"), Error);
  EXPECT_THROW(split_words("   "), Error);
}

class Password : public ::testing::Test {
 protected:
  std::string obtained(const PasswordSources& sources) {
    Io io{.out = out_, .err = out_, .clock = clock_, .cancellation = cancellation_};
    io.environment = [this](const std::string& name) -> std::optional<std::string> {
      if (name == "SNAPFERRY_PASSWORD" && !variable_.empty()) return variable_;
      return std::nullopt;
    };
    if (!typed_.empty()) {
      io.ask_secret = [this](std::string_view) {
        const std::string secret = typed_.front();
        typed_.erase(typed_.begin());
        return secret;
      };
    }
    Console console(io, false, Console::Verbosity::Normal);
    Context context{io, options_, console};
    return obtain_password(context, sources);
  }

  std::string file(std::string_view content) {
    const std::string path = directory_ / "password";
    platform::write_all(platform::open_path(path, O_WRONLY | O_CREAT | O_TRUNC, 0600).get(),
                        as_bytes(content), path);
    return path;
  }

  testing::TemporaryDirectory directory_;
  StringOutput out_;
  StoppedClock clock_;
  Cancellation cancellation_;
  Invocation options_;
  std::string variable_;
  Words typed_;
};

TEST_F(Password, IsTheFirstLineOfTheFile) {
  options_.add("--password-file", file("tür \r\nmore\n"));
  EXPECT_EQ(obtained(password_of_store("repo:/s")), "tür ");
}

TEST_F(Password, IsWhatTheCommandPrintsWithoutAShell) {
  options_.add("--password-command", "printf '%s\\n' 'a;b $HOME'");
  EXPECT_EQ(obtained(password_of_store("repo:/s")), "a;b $HOME");
}

TEST_F(Password, OfACommandThatFailsIsNone) {
  for (const auto* command : {"false", "/does/not/exist", "kill-me-not-there", "/"}) {
    options_ = {};
    options_.add("--password-command", command);
    EXPECT_ERROR(obtained(password_of_store("repo:/s")), ErrorKind::WrongPassword);
  }
}

TEST_F(Password, OfAFileThatCannotBeReadIsNone) {
  options_.add("--password-file", directory_ / "missing");
  EXPECT_ERROR(obtained(password_of_store("repo:/s")), ErrorKind::WrongPassword);
}

TEST_F(Password, OfAnOptionCountsBeforeThatOfTheEnvironment) {
  variable_ = "from environment";
  EXPECT_EQ(obtained(password_of_store("repo:/s")), "from environment");
  options_.add("--password-file", file("from file"));
  EXPECT_EQ(obtained(password_of_store("repo:/s")), "from file");
}

TEST_F(Password, ThatIsNewIsAskedTwice) {
  typed_ = {"one", "one"};
  EXPECT_EQ(obtained(first_password_of_store("repo:/s")), "one");
  typed_ = {"one", "two"};
  EXPECT_THROW(obtained(first_password_of_store("repo:/s")), Error);
}

TEST_F(Password, IsNeverEmpty) {
  options_.add("--password-file", file("\n"));
  EXPECT_THROW(obtained(password_of_store("repo:/s")), Error);
}

TEST_F(Password, ThatNobodyCanGiveIsAWrongOne) {
  try {
    obtained(password_of_store("repo:/s"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::WrongPassword);
  }
}

}  // namespace
}  // namespace snapferry::cli
