#include "testing/fake_view.h"

#include <algorithm>
#include <functional>
#include <map>

#include "core/error.h"

namespace snapferry::testing {
namespace {

std::uint64_t version_of(const std::string& content) { return std::hash<std::string>()(content); }

ViewedFile directory_of(const std::string& name) {
  ViewedFile file;
  file.entry.type = EntryType::Directory;
  file.entry.name = name;
  file.entry.mode = 0755;
  file.entry.mtime = {1'700'000'000, 0};
  return file;
}

}  // namespace

Entry FakeView::root() { return directory_of("").entry; }

DirectoryPart FakeView::list(const std::string& directory, std::uint32_t first) {
  if (!is_view_path(directory)) {
    throw Error(ErrorKind::InvalidArgument, directory + ": is no path in a snapshot");
  }
  const std::string prefix = directory.empty() ? "" : directory + "/";
  std::map<std::string, ViewedFile> found;
  std::uint64_t inode = 257;
  for (const auto& [path, content] : files_) {
    ++inode;
    if (!path.starts_with(prefix)) continue;
    const std::string rest = path.substr(prefix.size());
    const auto slash = rest.find('/');
    ViewedFile file = directory_of(rest.substr(0, slash));
    if (slash == rest.npos) {
      file.entry.type = EntryType::File;
      file.entry.mode = 0644;
      file.entry.size = content.size();
      file.version = version_of(content);
    }
    file.entry.inode = inode;
    found.emplace(file.entry.name, file);
  }
  if (found.empty() && !directory.empty()) {
    throw Error(ErrorKind::NotFound, name_ + ": " + directory + ": no such directory");
  }
  DirectoryPart part;
  part.total = static_cast<std::uint32_t>(found.size());
  std::uint32_t number = 0;
  for (auto& [name, file] : found) {
    if (part.total > kFilesInPart && first == 0 && number % kFilesInPart == 0) {
      part.part_names.push_back(name);
    }
    if (number >= first && number - first < kFilesInPart) part.files.push_back(std::move(file));
    ++number;
  }
  return part;
}

const std::string& FakeView::content(const FileRange& range) const {
  const auto found = files_.find(view_path(range.directory, range.name));
  if (found == files_.end() || version_of(found->second) != range.version) {
    throw Error(ErrorKind::NotFound, name_ + ": " + range.name + ": no such file");
  }
  return found->second;
}

std::vector<DataRange> FakeView::data_in(const FileRange& range) {
  const auto size = content(range).size();
  if (range.offset >= size || range.length == 0) return {};
  return {{range.offset, std::min<std::uint64_t>(size, range.offset + range.length)}};
}

Bytes FakeView::read(const FileRange& range) {
  const std::string& text = content(range);
  if (range.offset >= text.size()) return {};
  const ByteView bytes = as_bytes(text).subspan(range.offset);
  const auto size = std::min<std::uint64_t>({bytes.size(), range.length, kMaxRead});
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace snapferry::testing
