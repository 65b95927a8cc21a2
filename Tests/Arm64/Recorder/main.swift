// Writes the kernel calls of all cases to a file: arm64-recorder GOLDEN-FOLDER OUTPUT. Run by scripts/arm64.
import Foundation

guard CommandLine.arguments.count == 3 else {
  FileHandle.standardError.write(Data("usage: Arm64Recorder GOLDEN-FOLDER OUTPUT\n".utf8))
  exit(64)
}
do {
  let bytes = try recordCases(goldenFolder: CommandLine.arguments[1])
  try Data(bytes).write(to: URL(fileURLWithPath: CommandLine.arguments[2]))
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
