// A manifest with the checkpoints that it names: their files stand beside it, or, of a sweep that runs, as copies in its directory.
// What is copied is what counts there: the file of that name may have changed since.
import Foundation
import Manifests
import Shared
import Store
import Training

/// The plan of the manifest at `path`. Names of checkpoints are relative to its directory.
func readManifest(_ path: String) throws(ManifestError) -> LoadedManifest {
  let directory = parentDirectory(of: path)
  return try loadManifest(at: path) { name throws(StartingNetworkError) in
    let copy = SweepDirectory(directory).start(named: name)
    if FileManager.default.fileExists(atPath: copy) { return try checkpoint(at: copy) }
    return try checkpoint(at: name.hasPrefix("/") ? name : "\(directory)/\(name)")
  }
}

private func checkpoint(at path: String) throws(StartingNetworkError) -> ReadCheckpoint {
  let remedy = "name a checkpoint's file, relative to the manifest"
  var status = stat()
  guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
    throw StartingNetworkError("there is no such file", remedy)
  }
  // Networks that can be started from are far smaller, with their optimiser's state.
  guard status.st_size < 1 << 24, let data = FileManager.default.contents(atPath: path) else {
    throw StartingNetworkError("the file cannot be read as a checkpoint", remedy)
  }
  let bytes = Array(data)
  let network: Network
  do { network = try CheckpointFile(bytes).network } catch { throw StartingNetworkError("\(error.found)", remedy) }
  return ReadCheckpoint(try network.startingNetwork(), bytes: bytes)
}
