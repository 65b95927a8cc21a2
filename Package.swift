// swift-tools-version: 6.2
// The layers of Attune as targets: each imports only what stands below it (docs/architecture.md).
import PackageDescription

/// Flags of every ordinary target: language mode 6, warnings are errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// Flags of the kernel modules. They are built twice from the same files, once per instruction set.
/// Bounds are validated before a kernel is called, by errors that are thrown, so checks inside the loops are off.
func kernelFlags(cpu: String? = nil) -> [SwiftSetting] {
  let target = cpu.map { ["-target-cpu", $0] } ?? []
  return [.unsafeFlags(["-Ounchecked", "-wmo", "-enforce-exclusivity=unchecked"] + target)]
}

#if arch(arm64)
  /// The same files once: every arm64 processor has the instructions. Built as scripts/arm64 builds them.
  let kernelModules: [Target] = [
    .target(
      name: "KernelsARM64", dependencies: ["KernelTypes", "CLanes"], path: "Sources/KernelsAVX2",
      swiftSettings: kernelFlags())
  ]
#else
  let kernelModules: [Target] = [
    .target(name: "KernelsAVX2", dependencies: ["KernelTypes", "CLanes"], swiftSettings: kernelFlags(cpu: "haswell")),
    .target(
      name: "KernelsAVX512", dependencies: ["KernelTypes", "CLanes"],
      // Sizes of register tiles only; results do not depend on them.
      swiftSettings: kernelFlags(cpu: "skylake-avx512") + [.define("WIDE_REGISTERS")]),
  ]
#endif

let package = Package(
  name: "attune",
  products: [
    .executable(name: "attune", targets: ["Coordinator"]),
    .executable(name: "attune-worker", targets: ["Worker"]),
    .executable(name: "manual-pages", targets: ["ManualPages"]),
    .executable(name: "search-benchmark", targets: ["SearchBenchmark"]),
    .executable(name: "report-benchmark", targets: ["ReportBenchmark"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: kernelModules + [
    // Bottom layer.
    .target(
      name: "Shared", dependencies: [.product(name: "Crypto", package: "swift-crypto")], swiftSettings: strict),
    .target(name: "KernelTypes", swiftSettings: strict),
    .target(name: "CLanes"),
    .target(name: "CMachine"),
    .target(
      name: "Kernels", dependencies: ["KernelTypes", "CMachine"] + kernelModules.map { .byName(name: $0.name) },
      swiftSettings: strict),
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),

    // Between the bottom and the middle: which configurations to try, which to stop, how many seeds. Pure arithmetic.
    .target(name: "Search", dependencies: ["Shared"], swiftSettings: strict),

    // Middle layer: no target imports another of this layer.
    .target(
      name: "Manifests", dependencies: ["Shared", "Search", .product(name: "Yams", package: "Yams")],
      swiftSettings: strict),
    .target(name: "Scheduling", dependencies: ["Shared", "Search"], swiftSettings: strict),
    .target(name: "Cluster", dependencies: ["Shared"], swiftSettings: strict),
    .target(
      name: "Store",
      dependencies: [
        "Shared", "Search", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ], swiftSettings: strict),
    .target(name: "Reports", dependencies: ["Shared", "Search"], swiftSettings: strict),
    .target(
      name: "Exports", dependencies: ["Shared", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["tensorboard.proto"], swiftSettings: strict),
    .target(
      name: "Dashboard",
      dependencies: [
        .product(name: "FlyingFox", package: "FlyingFox"), .product(name: "FlyingSocks", package: "FlyingFox"),
      ], swiftSettings: strict),
    .target(
      name: "Messaging",
      dependencies: ["Shared", "CZeroMQ", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["attune.proto"], swiftSettings: strict),
    .target(name: "Training", dependencies: ["Shared", "Kernels", "KernelTypes"], swiftSettings: strict),

    // Between the middle and the top: what the trained networks are compared with, on the same prompts.
    .target(
      name: "Theory", dependencies: ["Shared", "Kernels", "KernelTypes", "Training"], swiftSettings: strict),

    // Top layer: the two programs.
    .executableTarget(
      name: "Coordinator",
      dependencies: [
        "Shared", "Search", "Manifests", "Scheduling", "Cluster", "Store", "Reports", "Exports", "Dashboard",
        "Messaging", "Training", "Theory", "CMachine",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    .executableTarget(
      name: "Worker",
      dependencies: [
        "Shared", "Messaging", "Training", "CMachine",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),

    // Manual pages from the programs' own help, for `make install`.
    .executableTarget(name: "ManualPages", dependencies: ["Shared"], swiftSettings: strict),

    // Figures of docs/search.md.
    .executableTarget(
      name: "SearchBenchmark", dependencies: ["Search", "Shared"], path: "Benchmarks/Search",
      exclude: ["learning_rates.csv"], swiftSettings: strict),

    // A stored sweep of 50,000 drawn trials, to measure reports on.
    .executableTarget(
      name: "ReportBenchmark", dependencies: ["Manifests", "Search", "Shared", "Store"], path: "Benchmarks/Report",
      swiftSettings: strict),

    .testTarget(name: "SharedTests", dependencies: ["Shared"], swiftSettings: strict),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "KernelTypes", "Shared"], swiftSettings: strict),
    .testTarget(
      name: "TrainingTests", dependencies: ["Training", "Kernels", "KernelTypes", "Shared"],
      resources: [.copy("Golden")], swiftSettings: strict),
    .testTarget(
      name: "TheoryTests", dependencies: ["Theory", "Training", "Kernels", "KernelTypes", "Shared"],
      swiftSettings: strict),
    .testTarget(name: "SearchTests", dependencies: ["Search", "Shared"], swiftSettings: strict),
    .testTarget(name: "ManifestsTests", dependencies: ["Manifests", "Search", "Shared"], swiftSettings: strict),
    .testTarget(name: "SchedulingTests", dependencies: ["Scheduling", "Shared"], swiftSettings: strict),
    .testTarget(name: "ClusterTests", dependencies: ["Cluster", "Shared"], swiftSettings: strict),
    .testTarget(name: "StoreTests", dependencies: ["Store", "Shared"], swiftSettings: strict),
    .testTarget(name: "ExportsTests", dependencies: ["Exports", "Shared"], swiftSettings: strict),
    .testTarget(name: "ReportsTests", dependencies: ["Reports", "Search", "Shared"], swiftSettings: strict),
    .testTarget(name: "DashboardTests", dependencies: ["Dashboard"], swiftSettings: strict),
    .testTarget(name: "ManualPagesTests", dependencies: ["ManualPages"], swiftSettings: strict),
    .testTarget(
      name: "MessagingTests", dependencies: ["Messaging", "Shared", "CZeroMQ"], swiftSettings: strict),
    .testTarget(
      name: "WorkerTests", dependencies: ["Worker", "Messaging", "Training", "Shared"], swiftSettings: strict),
    .testTarget(
      name: "CoordinatorTests", dependencies: ["Coordinator", "Store", "Scheduling", "Shared", "Training"],
      swiftSettings: strict),
    // Writes down kernel calls of this machine, to be played again on arm64 (scripts/arm64).
    .executableTarget(
      name: "Arm64Recorder", dependencies: ["Training", "Kernels", "KernelTypes", "Shared"],
      path: "Tests/Arm64/Recorder", swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests", dependencies: ["Shared", "Store", "Reports", "Messaging"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
