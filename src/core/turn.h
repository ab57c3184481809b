#pragma once

namespace snapferry {

// The right to move data, of which there are few, so that not too many streams compete for the
// disks. Who has one gives it back while it waits for something else, and another goes ahead.
// Use from the thread that has it.
class Turn {
 public:
  virtual ~Turn() = default;
  virtual void give_back() noexcept = 0;
  // Waits until there is one again.
  virtual void take() noexcept = 0;
};

// Gives a turn, if there is one, back for as long as this lives.
class Rest {
 public:
  explicit Rest(Turn* turn) : turn_(turn) {
    if (turn_ != nullptr) turn_->give_back();
  }
  Rest(const Rest&) = delete;
  Rest& operator=(const Rest&) = delete;
  ~Rest() {
    if (turn_ != nullptr) turn_->take();
  }

 private:
  Turn* turn_;
};

}  // namespace snapferry
