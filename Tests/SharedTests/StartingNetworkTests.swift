// The numbers of a network inside a configuration: their text, their place in its identity, and shapes that do not fit.
import Shared
import Testing

@Suite struct StartingNetworkTests {
  /// Layer by layer: A, r, B, C of two heads of dimension 2.
  private func numbers(layers: Int = 2, A: Float = 1) -> [Float] {
    (0..<layers * 2).flatMap { index in
      [A, 0, 0, A, -0.5] + (0..<8).map { Float($0) / 3 - Float(index) }
    }
  }

  private func start(layers: Int = 2, A: Float = 1) throws -> StartingNetwork {
    try StartingNetwork(layers: layers, heads: 2, dimension: 2, values: numbers(layers: layers, A: A))
  }

  private func values(_ start: StartingNetwork) -> [ParameterName: ParameterValue] {
    [
      .task: .text("linear"), .activation: .list([.text("exp"), .text("linear")]), .layers: .integer(2),
      .dimension: .integer(2), .initialization: .text(start.description),
    ]
  }

  @Test func `a text holds every bit, and other texts are none`() throws {
    let odd: [Float] = [-0.0, .leastNonzeroMagnitude, -.greatestFiniteMagnitude, 0.1]
    let network = try StartingNetwork(layers: 1, heads: 1, dimension: 1, values: odd)
    #expect(network.description == "checkpoint(1x1x1,AAAAgAEAAAD//3//zczMPQ==)")
    let read = try #require(StartingNetwork(network.description))
    #expect(read == network && read.values.map(\.bitPattern) == odd.map(\.bitPattern))
    for wrong in [
      "checkpoint(1x1x1,)", "checkpoint(1x1,AAAAgAEAAAD//3//zczMPQ==)", "checkpoint(1x1x2,AAAAgAEAAAD//3//zczMPQ==)",
      "checkpoint(1x1x1,AAAAgAEAAAD//3//zczM)", "checkpoint(-1x-1x1,AAAAgAEAAAD//3//zczMPQ==)",
      "checkpoint(1x1x1,AAAAgAEAAAD//3//AADAfw==)", "checkpoint(1x1x1 AAAA)", "checkpoint()", "identity",
    ] {
      #expect(StartingNetwork(wrong) == nil)
    }
  }

  @Test func `what cannot be started from is refused in words`() {
    func finding(_ layers: Int, _ dimension: Int, _ values: [Float]) -> String? {
      do { _ = try StartingNetwork(layers: layers, heads: 1, dimension: dimension, values: values) } catch {
        return error.description
      }
      return nil
    }
    #expect(finding(1, 1, [0, 0, 0]) == "its numbers do not make up a network; name another")
    #expect(
      finding(4, 40, Array(repeating: 0, count: 4 * 4801))
        == "its network has 19204 numbers; name one of at most 10000")
    #expect(
      finding(1, 1, [0, 0, .nan, 0]) == "some of its numbers are not finite; name one that has not diverged")
  }

  @Test func `a configuration is identified by the numbers, and starts from them without noise unless it says so`()
    throws
  {
    let parameters = try TrialParameters(values: values(start()))
    #expect(parameters.initScale == 0 && parameters.initialization.checkpoint?.values == numbers())
    #expect(!parameters.canonicalJSON.contains("init_scale"))
    #expect(try TrialParameters(canonicalJSON: parameters.canonicalJSON) == parameters)
    let other = try TrialParameters(values: values(start(A: 1.0000001)))
    #expect(other.id != parameters.id)
    let noisy = try TrialParameters(values: values(start()).merging([.initScale: .number(0.1)]) { $1 })
    #expect(noisy.canonicalJSON.contains("init_scale") && noisy.initScale == 0.1)
    #expect(try TrialParameters(canonicalJSON: noisy.canonicalJSON) == noisy)
    #expect(PromptSource(parameters) == PromptSource(TrialParameters(parameters) { $0.initialization = .gaussian }))
    #expect(parameters.reference.initialization == .identity)
    let shown = parameters.value(of: .initialization).description
    #expect(shown.hasPrefix("checkpoint ") && shown.utf8.count == 23)
  }

  @Test func `a start that does not fit is refused`() throws {
    func found(_ changes: [ParameterName: ParameterValue], _ start: StartingNetwork) -> String? {
      do { _ = try TrialParameters(values: values(start).merging(changes) { $1 }) } catch { return error.description }
      return nil
    }
    #expect(
      found([.layers: .integer(3)], try start()) == """
        init is "a checkpoint of 2 layers, 2 heads and dimension 2"; name one of 3 layers, 2 heads and dimension 2, or train that shape
        """)
    #expect(found([.activation: .text("exp")], try start())?.contains("2 layers, 1 heads") == true)
    #expect(
      found([.value: .text("sparse")], try start()) == """
        init is "a checkpoint with A other than 0"; write value: {value: free}, or name one with A = 0
        """)
    #expect(found([.value: .text("sparse")], try start(A: 0)) == nil)
    #expect(found([.tiedLayers: .flag(true)], try start())?.contains("layers differ") == true)
    let repeated = Array(numbers(layers: 1) + numbers(layers: 1))
    let tied = try StartingNetwork(layers: 2, heads: 2, dimension: 2, values: repeated)
    #expect(found([.tiedLayers: .flag(true)], tied) == nil)
    #expect(
      found([.initialization: .text("gausian")], try start())
        == "init is \"gausian\"; write one of identity, gaussian, descent, or {checkpoint: FILE} (did you mean gaussian?)"
    )
  }
}

extension TrialParameters {
  fileprivate init(_ other: TrialParameters, _ change: (inout TrialParameters) -> Void) {
    self = other
    change(&self)
  }
}
