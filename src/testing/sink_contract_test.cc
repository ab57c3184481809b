#include "testing/sink_contract.h"

#include "testing/deferred_sink.h"
#include "testing/errors.h"
#include "testing/memory_objects.h"

namespace snapferry::testing {
namespace {

class MemoryPlace : public SinkPlace {
 public:
  ObjectSink& sink() override { return objects_; }
  ObjectSource& commit() override { return objects_; }

 private:
  MemoryObjects objects_;
};

class DeferredPlace : public SinkPlace {
 public:
  ObjectSink& sink() override { return sink_; }
  ObjectSource& commit() override { return objects_; }

 private:
  MemoryObjects objects_;
  DeferredSink sink_{objects_};
};

INSTANTIATE_TEST_SUITE_P(
    All, SinkContract,
    ::testing::Values(SinkKind{"memory", [] { return std::make_unique<MemoryPlace>(); }},
                      SinkKind{"deferred", [] { return std::make_unique<DeferredPlace>(); }}),
    sink_kind_name);

TEST(DeferredSink, TellsOfAFailureLaterAndAgain) {
  MemoryObjects objects;
  DeferredSink sink(objects, 2, [](ObjectKind, ByteView bytes) {
    if (as_text(bytes) == "bad") throw Error(ErrorKind::NoSpace, "store: is full");
  });
  sink.put(ObjectKind::Data, as_bytes("bad"));
  EXPECT_EQ(objects.size(), 0u) << "it is under way";
  EXPECT_ERROR(sink.settle(), ErrorKind::NoSpace);
  EXPECT_ERROR(sink.settle(), ErrorKind::NoSpace);
  EXPECT_ERROR(sink.put(ObjectKind::Data, as_bytes("good")), ErrorKind::NoSpace);
  EXPECT_ERROR(sink.missing({}), ErrorKind::NoSpace);
}

}  // namespace
}  // namespace snapferry::testing
