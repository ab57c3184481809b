#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/entry.h"
#include "core/printable.h"

namespace snapferry::cli {

using snapferry::is_utf8;
using snapferry::printable;
using snapferry::to_utf8;

// "0 B", "1023 B", "1.5 KiB", "12.0 MiB".
std::string human_size(std::uint64_t bytes);

// "1,234,567".
std::string human_count(std::uint64_t number);

// "1,234 files", "1 file".
std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural);

// Columns that `text` takes on a terminal, one for each code point.
std::size_t display_width(std::string_view text);

// "drwxr-xr-x", with s, S, t and T as ls(1) shows them.
std::string mode_text(EntryType type, std::uint32_t mode);

// "file", "directory", "symlink", …
std::string_view type_name(EntryType type);

// RFC 4648 with padding.
std::string to_base64(std::string_view bytes);

// Lines up cells in columns; the last column is never padded.
class Table {
 public:
  enum class Align { Left, Right };
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}

  // No cell breaks its line, whatever is in it (core/printable.h).
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // Lines with a newline each.
  std::string text() const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// `text` in lines of at most `width` columns, each indented; paragraphs are divided by
// empty lines and stay so.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace snapferry::cli
