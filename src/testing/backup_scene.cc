#include "testing/backup_scene.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "core/tree_reader.h"
#include "tree/backup/local_files.h"

namespace snapferry::testing {

BackupScene::BackupScene() {
  options.threads = 2;
  options.problems = this;
  source = [](const std::string& path) { return std::make_unique<tree::LocalFiles>(path); };
}

void BackupScene::make_directory(std::string_view path) {
  std::filesystem::create_directories(root / path);
}

void BackupScene::write(std::string_view path, std::string_view content) {
  std::filesystem::create_directories(std::filesystem::path(root / path).parent_path());
  std::ofstream out(root / path, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  EXPECT_TRUE(out) << path;
}

void BackupScene::make_symlink(std::string_view path, std::string_view target) {
  std::filesystem::create_directories(std::filesystem::path(root / path).parent_path());
  std::filesystem::create_symlink(target, root / path);
}

tree::BackupResult BackupScene::run(std::string_view path, const std::optional<tree::Base>& base) {
  const std::string whole = path.empty() ? root.path() : root / path;
  const auto files = source(whole);
  return tree::backup_with_hooks(*files, base, objects, objects, options, hooks);
}

tree::BackupResult BackupScene::back_up(std::string_view path) { return run(path, std::nullopt); }

tree::BackupResult BackupScene::back_up_again(const tree::BackupResult& base,
                                              std::int64_t base_age) {
  return run({}, tree::Base{base.root, {std::time(nullptr) - base_age, 0}});
}

std::optional<Entry> BackupScene::entry(const tree::BackupResult& backup, std::string_view path) {
  return TreeReader(objects).resolve(backup.root, path);
}

std::string BackupScene::content(const tree::BackupResult& backup, std::string_view path) {
  const std::optional<Entry> found = entry(backup, path);
  if (!found) return "(there is no " + std::string(path) + ")";
  return std::string(as_text(TreeReader(objects).read(*found, 0, found->size)));
}

std::vector<std::string> BackupScene::names(const tree::BackupResult& backup,
                                            std::string_view path) {
  std::vector<std::string> names;
  const std::optional<Entry> found = entry(backup, path);
  if (!found || !found->has_tree()) return names;
  TreeReader(objects).for_each(found->tree, [&](const Entry& each) {
    if (each.left_out == LeftOut::None) names.push_back(each.name);
    return true;
  });
  return names;
}

std::vector<std::string> BackupScene::problems() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> sorted = problems_;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

void BackupScene::problem(std::string_view path, std::string_view message) {
  const std::lock_guard lock(mutex_);
  problems_.push_back(std::string(path) + ": " + std::string(message));
}

std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    static_assert(sizeof(random()) == 8);
    text[i] = static_cast<char>(random() >> 56);
  }
  return text;
}

}  // namespace snapferry::testing
