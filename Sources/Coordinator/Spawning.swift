// Starting a program as a child with streams of its choosing and signals as at a login: what this process ignores or blocks
// would stay so in the child.
import Foundation

struct SpawnFailure: Error {
  let code: Int32
  var reason: String { String(cString: strerror(code)) }
}

/// POSIX_SPAWN_SETSID of <spawn.h>, which glibc shows to _GNU_SOURCE only.
private let newSession: Int16 = 0x80

/// Starts `words[0]`, a path, with `words`.
/// - variables: added to this process's environment.
/// - inNewSession: it outlives the terminal and this process.
/// - streams: says what its standard streams are.
func spawn(
  _ words: [String], variables: [String: String] = [:], inNewSession: Bool = false,
  streams: (inout posix_spawn_file_actions_t) -> Void
) throws(SpawnFailure) -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  streams(&actions)
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  var all = sigset_t(), none = sigset_t()
  sigfillset(&all)
  sigemptyset(&none)
  posix_spawnattr_setsigdefault(&attributes, &all)
  posix_spawnattr_setsigmask(&attributes, &none)
  posix_spawnattr_setflags(
    &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) | (inNewSession ? newSession : 0))
  var arguments = words.map { strdup($0) } + [nil]
  var environment =
    ProcessInfo.processInfo.environment.merging(variables) { $1 }.map { strdup("\($0.key)=\($0.value)") } + [nil]
  defer { for pointer in arguments + environment { free(pointer) } }
  var child: pid_t = 0
  var code = posix_spawn(&child, words[0], &actions, &attributes, &arguments, &environment)
  // A program that was just written may still be open in a process that is between fork and exec.
  for _ in 0..<20 where code == ETXTBSY {
    usleep(10_000)
    code = posix_spawn(&child, words[0], &actions, &attributes, &arguments, &environment)
  }
  guard code == 0 else { throw SpawnFailure(code: code) }
  return child
}
