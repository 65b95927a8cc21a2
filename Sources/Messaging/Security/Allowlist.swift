// Which workers' keys may connect: one file per key in `allowed`, one in `revoked` for each that may not any more.
// A key in both is revoked. What cannot be believed is left out and said.
import Foundation

package struct Allowlist: Equatable, Sendable {
  package var allowed: [PublicKey: KeyName] = [:]
  package var revoked: [PublicKey: KeyName] = [:]
  /// Files that were left out, in words.
  package var problems: [String] = []

  package enum Standing: Equatable, Sendable { case allowed(KeyName), revoked(KeyName), unknown }

  package func standing(of key: PublicKey) -> Standing {
    if let name = revoked[key] { return .revoked(name) }
    if let name = allowed[key] { return .allowed(name) }
    return .unknown
  }
}

extension KeyDirectory {
  /// Files beyond these are not read: nobody keeps so many workers, and a full directory must not fill the memory.
  static let mostKeys = 65_536

  /// Reads all of it. A directory that does not exist has no keys.
  package func allowlist() throws(KeyError) -> Allowlist {
    var list = Allowlist()
    list.revoked = try keys(in: revoked, &list.problems)
    list.allowed = try keys(in: allowed, &list.problems)
    for key in list.revoked.keys { list.allowed[key] = nil }
    return list
  }

  private func keys(in directory: String, _ problems: inout [String]) throws(KeyError) -> [PublicKey: KeyName] {
    guard access(directory, F_OK) == 0 else { return [:] }
    try checkDirectory(directory, "make it with `attune keys new`")
    var keys: [PublicKey: KeyName] = [:]
    for (name, path) in try keyFiles(in: directory).prefix(Self.mostKeys) {
      do throws(KeyError) {
        // The first name in order counts where a key stands under two.
        if let key = PublicKey(try KeyFile.read(path, .workerPublic).key), keys[key] == nil { keys[key] = name }
      } catch {
        problems.append("\(error)")
      }
    }
    return keys
  }

  /// `NAME.public` of one directory, in order.
  func keyFiles(in directory: String) throws(KeyError) -> [(name: KeyName, path: String)] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory)
    } catch {
      throw KeyError(directory, doing: "reading it", code: EIO)
    }
    return names.compactMap { file in
      guard file.hasSuffix(".public"), let name = KeyName(rawValue: String(file.dropLast(".public".count))) else {
        return nil
      }
      return (name, directory + "/" + file)
    }.sorted { $0.name < $1.name }
  }

  /// Changes when a file of the allowlist was added, removed or replaced.
  func allowlistStamp() -> [Int] {
    [allowed, revoked].flatMap { directory -> [Int] in
      var status = stat()
      guard stat(directory, &status) == 0 else { return [Int(errno)] }
      return [
        Int(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(status.st_mode), Int(status.st_uid),
      ]
    }
  }
}
