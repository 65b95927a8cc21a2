// What each layer of a trained network has done, beside steps of functional gradient descent (docs/science.md §7): the
// prediction −y_q after every layer against those of theory's networks with as many layers.
import Shared
import Training

package struct LayerDistance: Codable, Sendable {
  /// From 1.
  package var layer: Int
  /// Mean squared error of the prediction read after this layer.
  package var mse: Double
  /// √(E(f − g)²/E f²) between this network's prediction f and that of the nearest network of theory's form.
  package var toForm: Double
  /// The same with as many steps of descent with the same activation and one tuned step size.
  package var toDescent: Double
}

/// - descent: tuned for as many steps as the network has layers.
package func layerDistances(
  _ network: Network, metric: [Double], descent: DescentFit, on prompts: PromptSet
) -> [LayerDistance] {
  let form = network.projected(metric: metric)
  return (1...network.layers).map { layer in
    let found = prompts.predictions(network.truncated(to: layer))
    func distance(_ other: [Double]) -> Double {
      var difference = 0.0, norm = 0.0
      for i in found.indices {
        difference += square(found[i] - other[i])
        norm += square(found[i])
      }
      return (difference / norm).squareRoot()
    }
    return LayerDistance(
      layer: layer, mse: prompts.loss(found),
      toForm: distance(prompts.predictions(form.truncated(to: layer))),
      toDescent: distance(prompts.predictions(descent.network(steps: layer))))
  }
}
