// The table of trials by identity against a dictionary.
import Shared
import Testing

@Suite struct IdentityTableTests {
  private static let configurations: [ConfigurationID] = (0..<500).map { layers in
    var parameters = TrialParameters()
    parameters.steps = 1 + layers
    return parameters.id
  }

  @Test(arguments: [0, 1500]) func `finds what was entered, and nothing else`(capacity: Int) {
    let identities = Self.configurations[..<400].flatMap { configuration in
      [0, 1, Seed.firstTuning].map { TrialIdentity(configuration: configuration, seed: Seed(rawValue: $0)) }
    }
    var table = IdentityTable(capacity: capacity)
    for position in identities.indices {
      #expect(table.position(of: identities[position]) { identities[$0] } == nil)
      table.insert(position) { identities[$0] }
    }
    for position in identities.indices {
      #expect(table.position(of: identities[position]) { identities[$0] } == position)
    }
    for configuration in Self.configurations {
      let other = TrialIdentity(configuration: configuration, seed: .reference)
      #expect(table.position(of: other) { identities[$0] } == nil)
    }
  }

  @Test func `an identity reads back from its text, and only from whole ones`() {
    for id in Self.configurations.prefix(20) {
      #expect(id.rawValue.count == 64)
      #expect(ConfigurationID(rawValue: id.rawValue) == id)
      #expect(ConfigurationID(rawValue: id.rawValue.uppercased()) == nil || !id.rawValue.contains { $0.isLetter })
      #expect(ConfigurationID(rawValue: String(id.rawValue.dropLast())) == nil)
    }
    let sorted = Self.configurations.sorted()
    #expect(sorted.map(\.rawValue) == Self.configurations.map(\.rawValue).sorted())
  }
}
