// measure [--count PID] RESULT PROGRAM ARGUMENT…: runs the program and writes "SECONDS PEAK" to
// the file RESULT: its wall time, and the peak memory, in KiB, of the largest process among
// it and the children it waited for. With --count (root only) "NEAR FAR" follows: how many
// processes the program and its descendants started, and how many the process PID did, which
// is an sshd, or 0. Exits as the program did.
//
// Small on purpose: Linux counts what a process held before exec as its own, so that a
// big parent would hide the peak of a small program.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/process_count.h"

namespace {

using snapferry::bench::ProcessCount;

struct Measured {
  pid_t child = 0;
  int status = 0;
  double seconds = 0;
  long peak_kib = 0;
};

// False if the program could not be run.
bool run(char** arguments, Measured& measured) {
  const auto began = std::chrono::steady_clock::now();
  measured.child = ::fork();
  if (measured.child == 0) {
    ::execvp(arguments[0], arguments);
    std::perror(arguments[0]);
    ::_exit(127);
  }
  struct rusage usage {};
  if (measured.child < 0 ||
      ::wait4(measured.child, &measured.status, 0, &usage) != measured.child) {
    std::perror("measure");
    return false;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  measured.seconds = seconds.count();
  measured.peak_kib = usage.ru_maxrss;
  return true;
}

bool write_result(const char* path, const Measured& measured, ProcessCount* count, pid_t other) {
  std::FILE* result = std::fopen(path, "w");
  if (result == nullptr) {
    std::perror(path);
    return false;
  }
  std::fprintf(result, "%.6f %ld", measured.seconds, measured.peak_kib);
  if (count != nullptr) {
    const auto counts = count->read(measured.child, other);
    if (count->failed()) std::fputs("measure: the processes could not be counted\n", stderr);
    std::fprintf(result, " %ld %ld", counts.first, counts.second);
  }
  std::fputc('\n', result);
  std::fclose(result);
  return count == nullptr || !count->failed();
}

}  // namespace

int main(int size, char** arguments) {
  std::unique_ptr<ProcessCount> count;
  pid_t other = 0;
  if (size > 2 && std::strcmp(arguments[1], "--count") == 0) {
    count = std::make_unique<ProcessCount>();
    other = std::atoi(arguments[2]);
    size -= 2;
    arguments += 2;
  }
  if (size < 3) {
    std::fputs("usage: measure [--count PID] RESULT PROGRAM ARGUMENT...\n", stderr);
    return 2;
  }
  Measured measured;
  if (!run(arguments + 2, measured)) return 126;
  if (!write_result(arguments[1], measured, count.get(), other)) return 126;
  return WIFEXITED(measured.status) ? WEXITSTATUS(measured.status)
                                    : 128 + WTERMSIG(measured.status);
}
