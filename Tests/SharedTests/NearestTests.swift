// Did-you-mean: near words are suggested, far ones are not.
import Shared
import Testing

@Suite struct NearestTests {
  let names = ParameterName.allCases.map(\.rawValue)

  @Test(arguments: [
    ("learning_rat", "learning_rate"), ("Layers", "layers"), ("optimiser", "optimizer"), ("step", "steps"),
    ("taks", "task"), ("activtion", "activation"),
  ])
  func `a word one slip away is found`(word: String, expected: String) {
    #expect(nearest(to: word, among: names) == expected)
  }

  @Test(arguments: ["", "zebra", "q", "momentum_decay"])
  func `a word far from all is not guessed`(word: String) {
    #expect(nearest(to: word, among: names) == nil)
  }

  @Test func `nothing is near among nothing, nor to a very long word`() {
    #expect(nearest(to: "a", among: []) == nil)
    #expect(nearest(to: String(repeating: "a", count: 1_000_000), among: ["a"]) == nil)
  }
}
