// measure RESULT PROGRAM ARGUMENT…: runs the program and writes "SECONDS PEAK" to the
// file RESULT: its wall time, and the peak memory, in KiB, of the largest process among
// it and the children it waited for. Exits as the program did.
//
// Small on purpose: Linux counts what a process held before exec as its own, so that a
// big parent would hide the peak of a small program.

#include <chrono>
#include <cstdio>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char** arguments) {
  if (count < 3) {
    std::fputs("usage: measure RESULT PROGRAM ARGUMENT...\n", stderr);
    return 2;
  }
  const auto began = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    ::execvp(arguments[2], arguments + 2);
    std::perror(arguments[2]);
    ::_exit(127);
  }
  int status = 0;
  struct rusage usage = {};
  if (child < 0 || ::wait4(child, &status, 0, &usage) != child) {
    std::perror("measure");
    return 126;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  std::FILE* result = std::fopen(arguments[1], "w");
  if (result == nullptr) {
    std::perror(arguments[1]);
    return 126;
  }
  std::fprintf(result, "%.6f %ld\n", seconds.count(), usage.ru_maxrss);
  std::fclose(result);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
