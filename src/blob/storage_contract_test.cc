#include "testing/storage_contract.h"

#include "blob/local_storage.h"
#include "blob/memory_storage.h"
#include "testing/observed_storage.h"
#include "testing/temporary_directory.h"

namespace snapferry::testing {
namespace {

class MemoryPlace : public StoragePlace {
 public:
  std::unique_ptr<blob::Storage> open() override {
    return std::make_unique<ObservedStorage>(storage_);
  }

 private:
  blob::MemoryStorage storage_;
};

class LocalPlace : public StoragePlace {
 public:
  LocalPlace() { blob::LocalStorage::create(directory_ / "store"); }
  std::unique_ptr<blob::Storage> open() override {
    return blob::LocalStorage::open(directory_ / "store");
  }

 private:
  TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(
    All, StorageContract,
    ::testing::Values(StorageKind{"Memory", [] { return std::make_unique<MemoryPlace>(); }},
                      StorageKind{"Local", [] { return std::make_unique<LocalPlace>(); }}),
    storage_kind_name);

}  // namespace
}  // namespace snapferry::testing
