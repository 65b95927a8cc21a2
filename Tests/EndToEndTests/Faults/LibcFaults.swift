// Faults of the system itself, put into one process: a wall clock that jumps, an fsync that fails, an end at a chosen call.
// A small library that is built here and loaded before libc; it follows a file that the test writes while the process runs.
import Foundation
import Testing

@ProcessThread final class LibcFaults {
  private let file: String
  private let library: String
  private let dies: (call: String, number: Int)?

  /// - dies: the process ends with SIGKILL at its n-th call of this kind: "write" (into files), "fsync" or "rename", just
  ///   before it, or with "after " in front just after it.
  init(in directory: TestDirectory, dies: (call: String, number: Int)? = nil) throws {
    self.dies = dies
    file = directory.path + "/libc-faults"
    library = try Self.build(in: directory)
    try set()
  }

  var environment: [String] {
    var words = ["LD_PRELOAD=\(library)", "ATTUNE_TEST_FAULTS=\(file)"]
    if let dies {
      let after = dies.call.hasPrefix("after ")
      words.append("ATTUNE_TEST_DIES_AT=\(after ? String(dies.call.dropFirst("after ".count)) : dies.call)")
      words.append("ATTUNE_TEST_DIES_NUMBER=\(after ? -dies.number : dies.number)")
    }
    return words
  }

  /// From now on the wall clock is `shift` away from the true one, and fsync fails or not.
  func set(shift: Duration = .zero, failsFsync: Bool = false) throws {
    let text = "\(shift.components.seconds) \(failsFsync ? 1 : 0)\n"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
  }

  /// A compiler comes with Swift.
  nonisolated static let compiler: String? = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    let places = folders.map { "\($0)/cc" } + folders.map { "\($0)/clang" }
    return places.first { access($0, X_OK) == 0 }
  }()

  /// In the test's own directory, so that it goes with it.
  private static func build(in directory: TestDirectory) throws -> String {
    let library = directory.path + "/faults.so"
    guard !directory.contains("faults.so") else { return library }
    try directory.write(source, to: "faults.c")
    let compiler = try #require(compiler)
    let ended = try RunningProgram(
      ["-shared", "-fPIC", "-O1", "-o", "faults.so", "faults.c", "-ldl"], of: compiler, in: directory
    ).end()
    guard ended.exitCode == 0 else { throw HarnessError("building the faults: \(ended.errors)") }
    return library
  }

  private static let source = #"""
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <fcntl.h>
    #include <signal.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/stat.h>
    #include <sys/syscall.h>
    #include <sys/time.h>
    #include <time.h>
    #include <unistd.h>

    static long shift, fails;
    /* Read anew at every call: the test changes it while the process runs. */
    static void look(void) {
      const char *path = getenv("ATTUNE_TEST_FAULTS");
      int saved = errno;
      int file = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
      if (file >= 0) {
        char text[64];
        long count = syscall(SYS_read, file, text, sizeof text - 1);
        if (count > 0) { text[count] = 0; sscanf(text, "%ld %ld", &shift, &fails); }
        syscall(SYS_close, file);
      }
      errno = saved;
    }

    static void step(const char *call, int after) {
      static int counts[3];
      const char *wanted = getenv("ATTUNE_TEST_DIES_AT"), *number = getenv("ATTUNE_TEST_DIES_NUMBER");
      if (!wanted || !number || strcmp(wanted, call)) return;
      long at = atol(number);
      if ((at < 0) != after) return;
      if (__atomic_add_fetch(&counts[after], 1, __ATOMIC_SEQ_CST) == labs(at)) kill(getpid(), SIGKILL);
    }

    static int isFile(int file) {
      struct stat status;
      return fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    }

    int clock_gettime(clockid_t clock, struct timespec *time) {
      int result = syscall(SYS_clock_gettime, clock, time);
      if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) { look(); time->tv_sec += shift; }
      return result;
    }
    int gettimeofday(struct timeval *restrict time, void *restrict zone) {
      int result = syscall(SYS_gettimeofday, time, zone);
      if (result == 0 && time) { look(); time->tv_sec += shift; }
      return result;
    }
    time_t time(time_t *out) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      if (out) *out = now.tv_sec;
      return now.tv_sec;
    }

    static int flush(int file, long number) {
      step("fsync", 0);
      look();
      if (fails && isFile(file)) { errno = EIO; return -1; }
      int result = syscall(number, file);
      step("fsync", 1);
      return result;
    }
    int fsync(int file) { return flush(file, SYS_fsync); }
    int fdatasync(int file) { return flush(file, SYS_fdatasync); }

    int rename(const char *from, const char *to) {
      step("rename", 0);
      int result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
      step("rename", 1);
      return result;
    }

    ssize_t write(int file, const void *bytes, size_t count) {
      int counts = isFile(file);
      if (counts) step("write", 0);
      ssize_t result = syscall(SYS_write, file, bytes, count);
      if (counts) step("write", 1);
      return result;
    }
    ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
      step("write", 0);
      ssize_t result = syscall(SYS_pwrite64, file, bytes, count, offset);
      step("write", 1);
      return result;
    }
    ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) { return pwrite64(file, bytes, count, offset); }
    """#
}
