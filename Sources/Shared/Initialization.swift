// Where training starts, and how manifests and canonical forms write it.

package enum Initialization: Hashable, Sendable, CustomStringConvertible {
  case identity, gaussian
  /// Theory's construction: every layer a step of functional gradient descent.
  case descent
  /// Where another training has ended.
  case checkpoint(StartingNetwork)

  /// Those that are a name alone.
  static let named: [(name: String, start: Initialization)] = [
    ("identity", .identity), ("gaussian", .gaussian), ("descent", .descent),
  ]

  init?(_ text: String) {
    if let known = Self.named.first(where: { $0.name == text })?.start {
      self = known
    } else if let network = StartingNetwork(text) {
      self = .checkpoint(network)
    } else {
      return nil
    }
  }

  package var description: String {
    switch self {
    case .identity: "identity"
    case .gaussian: "gaussian"
    case .descent: "descent"
    case .checkpoint(let network): network.description
    }
  }

  package var checkpoint: StartingNetwork? {
    if case .checkpoint(let network) = self { network } else { nil }
  }

  /// The default of `init_scale`: a checkpoint is started from as it is.
  package var standardScale: Double { checkpoint == nil ? TrialParameters.frozenDefaults.initScale : 0 }
}

extension TrialParameters {
  func checkLengths() throws(ParameterError) {
    guard let contextMin else { return }
    let name = ParameterName.contextMin.rawValue
    guard contextMin < context else {
      throw ParameterError(name: name, found: "\(contextMin)", remedy: "write a number below context, \(context)")
    }
    guard pool == 0 else {
      throw ParameterError(
        name: name, found: "\(contextMin)", remedy: "write pool: 0: prompts of a pool have one length")
    }
  }

  /// A start from a checkpoint has the shape of what is trained.
  func checkStart() throws(ParameterError) {
    guard let start = initialization.checkpoint else { return }
    func refused(_ found: String, _ remedy: String) -> ParameterError {
      ParameterError(name: ParameterName.initialization.rawValue, found: found, remedy: remedy)
    }
    let wanted = (layers, heads.activations.count, dimension)
    guard (start.layers, start.heads, start.dimension) == wanted else {
      throw refused(
        "a checkpoint of \(start.layers) layers, \(start.heads) heads and dimension \(start.dimension)",
        "name one of \(wanted.0) layers, \(wanted.1) heads and dimension \(wanted.2), or train that shape")
    }
    let coefficients = heads.activations.reduce(0) { $0 + $1.coefficients.count }
    guard [0, coefficients].contains(start.coefficientCount) else {
      throw refused(
        "a checkpoint with \(start.coefficientCount) coefficients of activations", "name one of the same activation")
    }
    if value == .sparse, !start.isSparse {
      throw refused("a checkpoint with A other than 0", "write value: {value: free}, or name one with A = 0")
    }
    if tiedLayers, !start.isTied {
      throw refused("a checkpoint whose layers differ", "write tied_layers: {value: false}")
    }
  }
}
