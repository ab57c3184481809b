#include "testing/memory_objects.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace snapferry::testing {
namespace {

TEST(MemoryObjects, GivesBackWhatWasPut) {
  MemoryObjects objects;
  const ObjectId id = objects.put(ObjectKind::Data, as_bytes("hello"));
  EXPECT_EQ(as_text(objects.get(ObjectKind::Data, id)), "hello");
}

TEST(MemoryObjects, StoresTheSameBytesOnce) {
  MemoryObjects objects;
  const ObjectId first = objects.put(ObjectKind::Data, as_bytes("hello"));
  EXPECT_EQ(objects.put(ObjectKind::Data, as_bytes("hello")), first);
  EXPECT_EQ(objects.size(), 1u);
  EXPECT_EQ(objects.puts(), 2u);
  EXPECT_EQ(objects.new_objects(), 1u);
  EXPECT_EQ(objects.put_bytes(), 10u);
  EXPECT_EQ(objects.new_bytes(), 5u);
}

TEST(MemoryObjects, TellsKindsApart) {
  MemoryObjects objects;
  const ObjectId data = objects.put(ObjectKind::Data, as_bytes("x"));
  EXPECT_NE(objects.put(ObjectKind::Tree, as_bytes("x")), data);
  EXPECT_THROW(objects.get(ObjectKind::Tree, data), Error);
  EXPECT_FALSE(objects.contains(ObjectKind::List, data));
}

TEST(MemoryObjects, ForgetsWhatIsErased) {
  MemoryObjects objects;
  const ObjectId id = objects.put(ObjectKind::List, as_bytes("x"));
  objects.erase(id);
  EXPECT_THROW(objects.get(ObjectKind::List, id), Error);
}

}  // namespace
}  // namespace snapferry::testing
