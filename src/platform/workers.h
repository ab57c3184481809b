#pragma once

#include <cstddef>
#include <functional>

// The one way to do something on several threads at once. A thread that cannot be started (a limit
// on processes, a lack of memory) makes it slower and nothing else.
namespace snapferry::platform {

// Calls work(i) for i below `count`, each on a thread of its own, work(0) on this one; returns once
// all have returned. A worker takes what is to be done from where all of them do until nothing is
// left: those that no thread could be started for are not called. Throws the first thing that a
// worker threw, after all have ended; how the others come to an end is their own matter.
void run_workers(std::size_t count, const std::function<void(std::size_t)>& work);

// Calls each(i) once for every i below `count`, several at once on at most `threads` threads (at
// least one, this one), begun in ascending order. After one has thrown no other begins; throws what
// was thrown first once those under way have ended.
void for_each_index(std::size_t count, std::size_t threads,
                    const std::function<void(std::size_t)>& each);

// As many as this process may use at once; at least one.
unsigned processor_count();

}  // namespace snapferry::platform
