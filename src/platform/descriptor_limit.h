#pragma once

#include <cstddef>

namespace snapferry::platform {

// How many descriptors this process may have open at once (getrlimit(2), RLIMIT_NOFILE); at
// most 65,536, as more are of no use here.
std::size_t descriptor_limit();

// Raises the limit to what the system allows this process without asking anyone. Children
// inherit it. Where that fails the limit stays, and what depends on it keeps to it.
void raise_descriptor_limit();

}  // namespace snapferry::platform
