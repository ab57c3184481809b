#pragma once

#include <algorithm>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "core/object_store.h"

namespace snapferry::testing {

// A sink as at the far end of a slow connection: what is put is under way for a while, up to
// `under_way` objects, and arrives in `inner` later, the newest first. Nobody learns how it went
// before a later call. Safe from several threads.
class DeferredSink : public ObjectSink {
 public:
  // Borrows `inner`. `arrives`, if given, may throw what the store says of an object.
  explicit DeferredSink(ObjectSink& inner, std::size_t under_way = 8,
                        std::function<void(ObjectKind, ByteView)> arrives = {})
      : inner_(inner), most_(under_way), arrives_(std::move(arrives)) {}

  ObjectId id_of(ObjectKind kind, ByteView bytes) const override {
    return inner_.id_of(kind, bytes);
  }

  std::vector<ObjectRef> missing(std::span<const ObjectRef> objects) override {
    const std::lock_guard lock(mutex_);
    rethrow();
    std::vector<ObjectRef> missing = inner_.missing(objects);
    std::erase_if(missing, [&](const ObjectRef& object) {
      return std::ranges::any_of(under_way_, [&](const Object& one) { return one.ref == object; });
    });
    return missing;
  }

  ObjectId put(ObjectKind kind, ByteView bytes) override {
    const ObjectId id = id_of(kind, bytes);
    const std::lock_guard lock(mutex_);
    rethrow();
    under_way_.push_front({{kind, id}, Bytes(bytes.begin(), bytes.end())});
    if (under_way_.size() > most_) deliver();
    return id;
  }

  void settle() override {
    const std::lock_guard lock(mutex_);
    if (!failure_) deliver();
    rethrow();
  }

  bool any_lost() const override { return inner_.any_lost(); }

 private:
  struct Object {
    ObjectRef ref;
    Bytes bytes;
  };

  void deliver() {
    try {
      for (; !under_way_.empty(); under_way_.pop_front()) {
        const Object& object = under_way_.front();
        if (arrives_) arrives_(object.ref.kind, object.bytes);
        inner_.put(object.ref.kind, object.bytes);
      }
    } catch (...) {
      failure_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

  ObjectSink& inner_;
  const std::size_t most_;
  const std::function<void(ObjectKind, ByteView)> arrives_;
  std::mutex mutex_;  // guards what follows
  std::deque<Object> under_way_;
  std::exception_ptr failure_;
};

}  // namespace snapferry::testing
