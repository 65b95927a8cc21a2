// Mixtures of tasks: every prompt is one of several tasks', each as likely. A network has to find out which from the prompt alone.

package struct TaskMixture: Hashable, Sendable, CustomStringConvertible {
  /// At least two, all different, none a mixture.
  package let tasks: [TaskKernel]

  package static let mostTasks = 8

  /// - Throws: what is wrong with one of them or with their number.
  package init(_ tasks: [TaskKernel]) throws(TaskTextError) {
    guard (2...Self.mostTasks).contains(tasks.count), Set(tasks).count == tasks.count else {
      throw TaskTextError(remedy: "write 2 to \(Self.mostTasks) tasks in a mixture, all different")
    }
    let nests = tasks.contains { if case .mixture = $0 { true } else { false } }
    guard !nests else { throw TaskTextError(remedy: "write the tasks of the inner mixture themselves") }
    self.tasks = tasks
  }

  /// - list: texts of tasks, parted by commas; those within brackets are a task's own.
  init(list: String) throws(TaskTextError) {
    var texts = [""], depth = 0
    for character in list {
      if character == "(" || character == "[" { depth += 1 }
      if character == ")" || character == "]" { depth -= 1 }
      if character == ",", depth == 0 { texts.append("") } else { texts[texts.count - 1].append(character) }
    }
    guard texts.count <= Self.mostTasks else {
      throw TaskTextError(remedy: "write 2 to \(Self.mostTasks) tasks in a mixture, all different")
    }
    var tasks: [TaskKernel] = []
    for text in texts {
      let trimmed = text.drop { $0 == " " }
      tasks.append(try TaskKernel(String(trimmed.reversed().drop { $0 == " " }.reversed())))
    }
    try self.init(tasks)
  }

  /// Whether the labels of each are a Gaussian process given the points, so that the evidence of each can be computed.
  package var isGaussian: Bool {
    tasks.allSatisfy { task in
      switch task {
      case .linear, .relu, .exponential, .kernel, .function(.noisyLinear), .function(.quadratic): true
      case .function, .mixture: false
      }
    }
  }

  package var description: String { "mixture(\(tasks.map(\.description).joined(separator: ", ")))" }
}

extension TrialParameters {
  /// The configuration of every task by itself: of a mixture one for each of its tasks, else this one.
  package var unmixed: [TrialParameters] {
    guard case .mixture(let mixture) = task else { return [self] }
    return mixture.tasks.map { task in
      var parameters = self
      parameters.task = task
      return parameters
    }
  }
}
