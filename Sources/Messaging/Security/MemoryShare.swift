// How much memory there is for this process: the machine's, or what its control group allows, as in a container or in a
// batch system's job. A limit of one's own above that would never be met: the kernel would end the process before.
import Foundation

/// The least of the machine's memory and of the limits of this process's control groups.
package func availableMemoryBytes() -> Int {
  let machine = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
  let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
  return min(machine, controlGroupLimit(groups: groups, root: "/sys/fs/cgroup") ?? machine)
}

/// The least limit of memory of the control groups that `groups`, the text of /proc/self/cgroup, names, and of those
/// above them; nil without one. Where a container shows its own group as the root, the path may not exist there; its
/// ancestors do.
/// Sources: cgroups(7); the kernel's Documentation/admin-guide/cgroup-v2.rst (memory.max) and cgroup-v1/memory.rst.
package func controlGroupLimit(groups: String, root: String) -> Int? {
  var limits: [Int] = []
  for line in groups.split(separator: "\n") {
    // hierarchy:controllers:path; version 2 names no controllers.
    let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3 else { continue }
    let isSecond = fields[0] == "0" && fields[1].isEmpty
    guard isSecond || fields[1].split(separator: ",").contains("memory") else { continue }
    let place = isSecond ? root : root + "/memory"
    let file = isSecond ? "memory.max" : "memory.limit_in_bytes"
    var path = fields[2].split(separator: "/")[...]
    while true {
      let name = ([place] + path.map(String.init) + [file]).joined(separator: "/")
      let text = try? String(contentsOfFile: name, encoding: .utf8)
      // "max" is none; version 1 writes a number beyond any machine's memory instead.
      if let limit = text.flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }), limit > 0 {
        limits.append(limit)
      }
      if path.popLast() == nil { break }
    }
  }
  return limits.min()
}
