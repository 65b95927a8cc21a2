// The top level of a manifest: which keys there are, what each may hold, and the plan they make together.
// Every key is read even after an error, so that one run of a command shows all mistakes.
import Shared

/// The plan that `text` describes. Nothing is read or written.
/// - path: for the errors, and for the sweep's name where the manifest gives none.
/// - checkpoints: reads those that the manifest names; without it they are refused.
/// - Throws: every issue found, each with its line.
package func parseManifest(
  _ text: String, path: String, checkpoints: CheckpointReader? = nil
) throws(ManifestError) -> LoadedManifest {
  try reading(text, called: "the manifest", at: path) { root in
    guard let root else { throw Issue("the manifest is empty", "write at least method and parameters") }
    guard case .mapping(let entries) = root.content else {
      throw Issue(
        line: root.line, "the manifest starts with \"\(excerpt(root.text))\"", "write keys, such as `method: grid`")
    }
    let named = NamedValues(checkpoints)
    var reader = ManifestReader(entries: entries, path: path, named)
    reader.read()
    guard reader.issues.isEmpty else { throw ManifestError(path: path, issues: reader.issues) }
    var (plan, notes) = try reader.draft.plan(source: text)
    named.add(to: &plan)
    return LoadedManifest(plan: plan, notes: reader.notes + notes)
  }
}

/// Keys of a W&B sweep configuration that say how W&B starts a program.
private let foreignKeys: Set<String> = [
  "program", "command", "project", "entity", "job", "image_uri", "controller", "scheduler", "apiVersion", "kind",
]

private enum TopLevelKey: String, CaseIterable {
  case name, description, method, parameters, metric
  case runCap = "run_cap"
  case samplerSeed = "sampler_seed"
  case seeds, report, checkpoints, activations, tasks, replicate, bayes
  case earlyTerminate = "early_terminate"
}

private struct ManifestReader {
  let entries: [ManifestNode.Entry]
  var draft: PlanDraft
  private var definitions: Definitions
  var issues: [Issue] = []
  var notes: [String] = []

  init(entries: [ManifestNode.Entry], path: String, _ named: NamedValues) {
    self.entries = entries
    definitions = Definitions(named)
    let file = path.split(separator: "/").last.map(String.init) ?? path
    draft = PlanDraft(name: file.split(separator: ".").first.map(String.init) ?? "sweep")
  }

  mutating func read() {
    // What parameters may be called has to be known before they are read.
    for entry in entries where entry.key == TopLevelKey.activations.rawValue {
      do { try definitions.readActivations(entry.value) } catch { issues.append(error) }
    }
    for entry in entries where entry.key == TopLevelKey.tasks.rawValue {
      do { try definitions.readTasks(entry.value) } catch { issues.append(error) }
    }
    draft.names = definitions.names
    var foreign: [String] = []
    var found: Set<TopLevelKey> = []
    for entry in entries {
      if foreignKeys.contains(entry.key) {
        foreign.append(entry.key)
      } else if let key = TopLevelKey(rawValue: entry.key) {
        found.insert(key)
        do { try read(key, entry) } catch { issues.append(error) }
      } else {
        // A mistyped key is one mistake: what was meant is not missing besides.
        let meant = nearest(to: entry.key, among: TopLevelKey.allCases.map(\.rawValue)).flatMap(TopLevelKey.init)
        if let meant { found.insert(meant) }
        issues.append(
          Issue(
            line: entry.line, "\"\(excerpt(entry.key))\" is not a key of a manifest",
            suggestion(for: entry.key, among: TopLevelKey.allCases.map(\.rawValue))))
      }
    }
    if !foreign.isEmpty {
      notes.append("\(foreign.joined(separator: ", ")): W&B's own, without meaning here and left aside")
    }
    if !found.contains(.method) {
      issues.append(Issue("method is missing", "write `method: grid`, `random`, `sobol` or `bayes`"))
    }
    if !found.contains(.parameters) {
      issues.append(Issue("parameters is missing", "write at least task and activation below `parameters:`"))
    }
  }

  private mutating func read(_ key: TopLevelKey, _ entry: ManifestNode.Entry) throws(Issue) {
    let node = entry.value
    switch key {
    case .name:
      let name = try node.word(of: "name", "write a name")
      guard !name.isEmpty, name.utf8.count <= 100, !name.unicodeScalars.contains(where: isControl) else {
        throw node.issue("name", "write one line of at most 100 bytes")
      }
      draft.name = name
    case .description: draft.description = try node.word(of: "description", "write a text")
    case .method: draft.method = try method(node)
    case .parameters: try readParameters(entry)
    case .metric: draft.metric = try metric(node)
    case .runCap: draft.runCap = (try node.integer(of: "run_cap", in: 1...maximumTrials), entry.line)
    case .samplerSeed: draft.samplerSeed = UInt64(try node.integer(of: "sampler_seed", in: 0...Int.max))
    case .seeds: try readSeeds(node)
    case .report: try readReport(node)
    case .checkpoints: try readCheckpoints(node)
    case .activations, .tasks: break
    case .earlyTerminate: draft.earlyTermination = (try EarlyTermination(node, line: entry.line), entry.line)
    case .replicate: draft.replication = (try Replication(node, line: entry.line), entry.line)
    case .bayes: draft.generations = (try GenerationSizes(node), entry.line)
    }
  }

  private func method(_ node: ManifestNode) throws(Issue) -> SearchMethod {
    let methods = SearchMethod.allCases.map(\.rawValue)
    let remedy = "write one of \(methods.joined(separator: ", "))"
    let word = try node.word(of: "method", remedy)
    guard let method = SearchMethod(rawValue: word) else {
      let near = nearest(to: word, among: methods).map { " (did you mean \($0)?)" } ?? ""
      throw node.issue("method", "\(remedy)\(near)")
    }
    return method
  }

  private mutating func readParameters(_ entry: ManifestNode.Entry) throws(Issue) {
    draft.parametersLine = entry.line
    try readParameters(entry.value)
  }

  /// A name that is not a parameter's may group parameters, as W&B nests them: ours have one flat name each.
  private mutating func readParameters(_ node: ManifestNode) throws(Issue) {
    let remedy = "write the parameters below it, such as `task: {values: [linear, relu]}`"
    let names = ParameterName.allCases.map(\.rawValue)
    for parameter in try node.entries(of: "parameters", remedy) {
      do throws(Issue) {
        if ParameterName(rawValue: parameter.key) == nil, case .mapping(let fields) = parameter.value.content,
          let inner = fields.first(where: { $0.key == "parameters" })
        {
          if let stray = fields.first(where: { $0.key != "parameters" }) {
            throw Issue(
              line: stray.line, "\(excerpt(parameter.key)) has \"\(excerpt(stray.key))\" beside its parameters",
              "remove it, a group has parameters alone")
          }
          try readParameters(inner.value)
          continue
        }
        guard let name = ParameterName(rawValue: parameter.key) else {
          let near = nearest(to: parameter.key, among: names)
          throw Issue(
            line: parameter.line, "\"\(excerpt(parameter.key))\" is not a parameter",
            near.map { "did you mean \($0)?" } ?? "docs/manifest.md lists all parameters")
        }
        guard draft.parameters[name] == nil else {
          throw Issue(line: parameter.line, "\(name.rawValue) is given in two groups", "keep one")
        }
        draft.parameters[name] = try ParameterEntry(
          name, line: parameter.line, node: parameter.value, definitions)
      } catch { issues.append(error) }
    }
  }

  private mutating func metric(_ node: ManifestNode) throws(Issue) -> SweepMetric {
    var metric = SweepMetric(), isNamed = false
    for entry in try node.entries(of: "metric", "write {name: validation_loss, goal: minimize}") {
      switch entry.key {
      case "name":
        let names = SweepMetric.Name.allCases.map(\.rawValue)
        let word = try entry.value.word(of: "metric.name", "write one of \(names.joined(separator: ", "))")
        guard let name = SweepMetric.Name(rawValue: word) else {
          throw entry.value.issue("metric.name", suggestion(for: word, among: names))
        }
        metric.name = name
        isNamed = true
      case "goal":
        let word = try entry.value.word(of: "metric.goal", "write minimize")
        guard word == "minimize" else {
          let reason = word == "maximize" ? "both metrics are losses, so " : ""
          throw entry.value.issue("metric.goal", "\(reason)write minimize")
        }
      case "target", "impute", "impute_while_running":
        notes.append("metric.\(entry.key): W&B's own, without meaning here and left aside")
      default:
        throw Issue(
          line: entry.line, "metric has the unknown key \"\(excerpt(entry.key))\"",
          suggestion(for: entry.key, among: ["name", "goal"]))
      }
    }
    guard isNamed else { throw Issue(line: node.line, "metric has no name", "add name: validation_loss") }
    return metric
  }

  private mutating func readSeeds(_ node: ManifestNode) throws(Issue) {
    guard case .mapping(let entries) = node.content else {
      draft.reportSeeds = (try node.integer(of: "seeds", in: 1...maximumSeeds), node.line)
      return
    }
    for entry in entries {
      switch entry.key {
      case "tune": draft.tuneSeeds = (try entry.value.integer(of: "seeds.tune", in: 0...maximumSeeds), entry.line)
      case "report":
        draft.reportSeeds = (try entry.value.integer(of: "seeds.report", in: 1...maximumSeeds), entry.line)
      default:
        throw Issue(
          line: entry.line, "seeds has the unknown key \"\(excerpt(entry.key))\"",
          suggestion(for: entry.key, among: ["tune", "report"]))
      }
    }
  }

  private mutating func readCheckpoints(_ node: ManifestNode) throws(Issue) {
    for entry in try node.entries(of: "checkpoints", "write {keep_last: 2, budget: 10 GiB}") {
      switch entry.key {
      case "keep_last":
        draft.checkpoints.keepLast = try entry.value.integer(of: "checkpoints.keep_last", in: 1...1000)
      case "budget":
        let subject = "checkpoints.budget"
        let text = try entry.value.word(of: subject, "write a size, such as 10 GiB")
        do throws(ByteSizeError) {
          draft.checkpoints.budget = try ByteSize.bytes(in: text)
        } catch { throw entry.value.issue(subject, error.remedy) }
      default:
        throw Issue(
          line: entry.line, "checkpoints has the unknown key \"\(excerpt(entry.key))\"",
          suggestion(for: entry.key, among: ["keep_last", "budget"]))
      }
    }
  }

  private mutating func readReport(_ node: ManifestNode) throws(Issue) {
    let names = ParameterName.allCases.map(\.rawValue)
    for entry in try node.entries(of: "report", "write {rows: task, columns: activation}") {
      let subject = "report.\(entry.key)"
      if let role = AxisRole(rawValue: entry.key) {
        let word = try entry.value.word(of: subject, "write the name of a parameter")
        guard let name = ParameterName(rawValue: word) else {
          let near = nearest(to: word, among: names)
          throw entry.value.issue(subject, near.map { "did you mean \($0)?" } ?? "write the name of a parameter")
        }
        draft.axes[role] = (name, entry.value.line)
        continue
      }
      switch entry.key {
      case "confidence":
        draft.report.confidence = try entry.value.number(of: subject, "write a number between 0.5 and 1") {
          $0 > 0.5 && $0 < 1
        }
      case "tie_margin":
        draft.report.tieMargin = try entry.value.number(of: subject, "write a number above 0") { $0 > 0 }
      case "along_step":
        draft.report.alongStep = try entry.value.flag(of: subject)
      case "contrasts":
        for contrast in try entry.value.entries(of: subject, "write {name: {columns: {relu: 1, exp: -1}}}") {
          draft.report.contrasts.append(try readContrast(contrast))
          draft.contrastLines.append(contrast.line)
        }
      default:
        throw Issue(
          line: entry.line, "report has the unknown key \"\(excerpt(entry.key))\"",
          suggestion(
            for: entry.key,
            among: ["rows", "columns", "x", "facet", "along_step", "contrasts", "confidence", "tie_margin"]))
      }
    }
  }
}
