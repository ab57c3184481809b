#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/object_store.h"

// What every ObjectSink must do. Include it once per test program, and say which:
//
//   INSTANTIATE_TEST_SUITE_P(All, SinkContract, ::testing::Values(kind…), sink_kind_name);

namespace snapferry::testing {

// An empty store.
class SinkPlace {
 public:
  virtual ~SinkPlace() = default;
  virtual ObjectSink& sink() = 0;
  // Ends the backup, so that what was put can be read.
  virtual ObjectSource& commit() = 0;
};

struct SinkKind {
  std::string name;
  std::function<std::unique_ptr<SinkPlace>()> make;
};

inline void PrintTo(const SinkKind& kind, std::ostream* out) { *out << kind.name; }

inline std::string sink_kind_name(const ::testing::TestParamInfo<SinkKind>& info) {
  return info.param.name;
}

class SinkContract : public ::testing::TestWithParam<SinkKind> {
 protected:
  SinkContract() : place_(GetParam().make()), sink_(place_->sink()) {}

  std::vector<ObjectRef> missing(std::vector<ObjectRef> objects) { return sink_.missing(objects); }

  std::unique_ptr<SinkPlace> place_;
  ObjectSink& sink_;
};

TEST_P(SinkContract, GivesTheSameBytesOfAKindOneId) {
  const ObjectId id = sink_.id_of(ObjectKind::Data, as_bytes("x"));
  EXPECT_EQ(sink_.id_of(ObjectKind::Data, as_bytes("x")), id);
  EXPECT_NE(sink_.id_of(ObjectKind::Data, as_bytes("y")), id);
  EXPECT_NE(sink_.id_of(ObjectKind::Tree, as_bytes("x")), id);
  EXPECT_NE(sink_.id_of(ObjectKind::List, as_bytes("x")), id);
  EXPECT_EQ(sink_.put(ObjectKind::Data, as_bytes("x")), id);
  EXPECT_EQ(sink_.put(ObjectKind::Data, as_bytes("x")), id);
}

TEST_P(SinkContract, KeepsNothingOfWhatItOnlyGaveAnIdOf) {
  const ObjectRef object{ObjectKind::Data, sink_.id_of(ObjectKind::Data, as_bytes("x"))};
  EXPECT_EQ(missing({object}), std::vector<ObjectRef>{object});
  EXPECT_EQ(missing({object}), std::vector<ObjectRef>{object}) << "asking is not putting";
}

TEST_P(SinkContract, MissesInOrderWhatWasNotPut) {
  std::vector<ObjectRef> objects;
  std::vector<ObjectRef> others;
  for (int i = 0; i < 100; ++i) {
    const std::string text = "object " + std::to_string(i);
    const ObjectKind kind = i % 3 == 0 ? ObjectKind::Tree : ObjectKind::Data;
    objects.push_back({kind, sink_.id_of(kind, as_bytes(text))});
    if (i % 2 == 0) {
      sink_.put(kind, as_bytes(text));
    } else {
      others.push_back(objects.back());
    }
  }
  EXPECT_EQ(missing(objects), others) << "what is under way is not missing";
  sink_.settle();
  EXPECT_EQ(missing(objects), others);
  EXPECT_TRUE(missing({}).empty());
  // The kind is part of the name.
  const ObjectId as_list = sink_.id_of(ObjectKind::List, as_bytes("object 0"));
  EXPECT_NE(as_list, objects[0].id);
  EXPECT_EQ(missing({{ObjectKind::List, as_list}}).size(), 1u);
}

TEST_P(SinkContract, HasAllThatWasPutOnceItIsSettled) {
  std::vector<std::pair<ObjectRef, std::string>> put;
  for (int i = 0; i < 50; ++i) {
    const std::string text(1000 * static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    const ObjectKind kind = i % 2 == 0 ? ObjectKind::List : ObjectKind::Data;
    // The bytes are the caller's again as soon as it returns.
    std::string buffer = text;
    const ObjectId id = sink_.put(kind, as_bytes(buffer));
    buffer.assign(buffer.size(), '!');
    put.push_back({{kind, id}, text});
  }
  sink_.settle();
  ObjectSource& source = place_->commit();
  for (const auto& [object, text] : put) {
    EXPECT_EQ(as_text(source.get(object.kind, object.id)), text);
  }
}

TEST_P(SinkContract, TakesFromSeveralThreads) {
  const auto text_of = [](int thread, int i) {
    // Half of it is what the others put, too.
    return std::to_string(i % 2 == 0 ? thread : 0) + " " + std::to_string(i);
  };
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 100; ++i) sink_.put(ObjectKind::Data, as_bytes(text_of(thread, i)));
    });
  }
  threads.clear();
  sink_.settle();
  ObjectSource& source = place_->commit();
  for (int thread = 0; thread < 4; ++thread) {
    for (int i = 0; i < 100; ++i) {
      const std::string text = text_of(thread, i);
      const ObjectId id = sink_.id_of(ObjectKind::Data, as_bytes(text));
      EXPECT_EQ(as_text(source.get(ObjectKind::Data, id)), text);
    }
  }
}

TEST_P(SinkContract, RefusesWhatNoReaderWouldTake) {
  const Bytes bytes(kMaxObjectSize + 1);
  EXPECT_THROW(
      {
        sink_.put(ObjectKind::Data, bytes);
        sink_.settle();
      },
      Error);
}

TEST_P(SinkContract, SettlesWhereNothingIsUnderWay) {
  sink_.settle();
  const ObjectId id = sink_.put(ObjectKind::Data, as_bytes("x"));
  sink_.settle();
  sink_.settle();
  EXPECT_EQ(as_text(place_->commit().get(ObjectKind::Data, id)), "x");
}

}  // namespace snapferry::testing
