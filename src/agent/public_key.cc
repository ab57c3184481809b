#include "agent/public_key.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "core/error.h"
#include "wire/names.h"

namespace snapferry::agent {
namespace {

using wire::quoted;

constexpr std::size_t kLongestLine = 16384;

struct KeyType {
  std::string_view name;
  std::size_t fields;  // strings in its blob, the name among them
};

constexpr std::array<KeyType, 7> kTypes = {{
    {"ssh-ed25519", 2},
    {"ssh-rsa", 3},
    {"ecdsa-sha2-nistp256", 3},
    {"ecdsa-sha2-nistp384", 3},
    {"ecdsa-sha2-nistp521", 3},
    {"sk-ssh-ed25519@openssh.com", 3},
    {"sk-ecdsa-sha2-nistp256@openssh.com", 4},
}};

[[noreturn]] void refuse_key(std::string_view subject, std::string_view cause) {
  throw Error(ErrorKind::InvalidArgument,
              quoted(subject) + ": " + std::string(cause) +
                  "; give the public key, such as ~/.ssh/id_ed25519.pub, which ssh-keygen makes");
}

std::optional<std::uint32_t> value_of(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0' + 52);
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

// The padding included, and no bits set that it hides: one text for each blob.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) text.remove_suffix(1), ++padding;
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto value = value_of(c);
    if (!value) return std::nullopt;
    bits = (bits << 6) | *value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> count) & 0xff);
    bits &= (1u << count) - 1;
  }
  if (bits != 0) return std::nullopt;
  return bytes;
}

// Takes one string of RFC 4251 off `blob`; nullopt if it is cut short.
std::optional<std::string_view> take_string(std::string_view& blob) {
  if (blob.size() < 4) return std::nullopt;
  std::uint32_t size = 0;
  for (int i = 0; i < 4; ++i) size = (size << 8) | static_cast<std::uint8_t>(blob[i]);
  if (size > blob.size() - 4) return std::nullopt;
  const auto text = blob.substr(4, size);
  blob.remove_prefix(4 + size);
  return text;
}

bool is_key_of(const KeyType& type, std::string_view blob) {
  for (std::size_t i = 0; i < type.fields; ++i) {
    const auto field = take_string(blob);
    if (!field || field->empty() || (i == 0 && *field != type.name)) return false;
  }
  return blob.empty();
}

std::string_view take_word(std::string_view& line) {
  const auto end = std::min(line.find_first_of(" \t"), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(end);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return word;
}

std::string_view only_line(std::string_view text, std::string_view subject) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.find("PRIVATE KEY") != text.npos)
    refuse_key(subject,
               "is a private key, which stays where "
               "it is");
  if (text.empty()) refuse_key(subject, "is empty");
  if (text.find('\n') != text.npos) refuse_key(subject, "has more than one line");
  if (text.size() > kLongestLine) refuse_key(subject, "is too long for a key");
  const auto control = [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; };
  if (std::ranges::any_of(text, control)) refuse_key(subject, "has control characters");
  return text;
}

}  // namespace

PublicKey parse_public_key(std::string_view text, std::string_view subject) {
  auto rest = only_line(text, subject);
  PublicKey key;
  key.type = take_word(rest);
  const auto type = std::ranges::find(kTypes, key.type, &KeyType::name);
  if (type == kTypes.end()) {
    refuse_key(subject,
               "begins with " + quoted(key.type) + ", which is no type of key that sshd takes");
  }
  key.blob = take_word(rest);
  const auto bytes = decode_base64(key.blob);
  if (!bytes || !is_key_of(*type, *bytes))
    refuse_key(subject, "holds no whole " + key.type + " key");
  key.comment = rest;
  while (key.comment.ends_with(' ') || key.comment.ends_with('\t')) key.comment.pop_back();
  return key;
}

}  // namespace snapferry::agent
