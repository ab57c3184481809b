#include "testing/sink_contract.h"

#include "blob/memory_storage.h"
#include "repository/repository.h"

namespace snapferry::testing {
namespace {

class SessionPlace : public SinkPlace {
 public:
  ObjectSink& sink() override { return *session_; }

  ObjectSource& commit() override {
    Snapshot snapshot;
    snapshot.volume = {"host", "/data"};
    snapshot.set = "default";
    snapshot.root.type = EntryType::File;
    session_->commit(snapshot);
    return *repository_;
  }

 private:
  static std::unique_ptr<repository::Repository> create(blob::Storage& storage) {
    repository::Repository::create(storage,
                                   {.encryption = repository::Encryption::None, .password = {}});
    return repository::Repository::open(storage, {});
  }

  blob::MemoryStorage storage_;
  std::unique_ptr<repository::Repository> repository_ = create(storage_);
  std::unique_ptr<repository::BackupSession> session_ = repository_->begin_backup();
};

INSTANTIATE_TEST_SUITE_P(All, SinkContract,
                         ::testing::Values(SinkKind{
                             "session", [] { return std::make_unique<SessionPlace>(); }}),
                         sink_kind_name);

}  // namespace
}  // namespace snapferry::testing
