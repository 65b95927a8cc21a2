// Which trials see the same prompts while they train: those may share a slot and draw each batch once between them.

/// Everything that the training batches and validation prompts of a configuration follow from, beside the seed.
/// Two trials of equal sources and equal seeds see the same batch at every step.
package struct PromptSource: Hashable, Sendable {
  /// With everything that concerns networks and their training only at its default, so that a parameter added later
  /// separates sources until it is known to concern these alone.
  private let parameters: TrialParameters

  package init(_ parameters: TrialParameters) {
    var source = parameters
    let standard = TrialParameters()
    (source.network, source.heads, source.layers) = (standard.network, standard.heads, standard.layers)
    (source.optimizer, source.learningRate) = (standard.optimizer, standard.learningRate)
    (source.beta1, source.beta2, source.epsilon) = (standard.beta1, standard.beta2, standard.epsilon)
    (source.weightDecay, source.warmupSteps) = (standard.weightDecay, standard.warmupSteps)
    (source.schedule, source.recipe) = (standard.schedule, standard.recipe)
    (source.clipNorm, source.layerClip) = (standard.clipNorm, standard.layerClip)
    (source.initialization, source.initScale) = (standard.initialization, standard.initScale)
    source.frozen = standard.frozen
    (source.value, source.tiedLayers) = (standard.value, standard.tiedLayers)
    source.attentionScale = standard.attentionScale
    (source.evaluateEvery, source.checkpointEvery) = (standard.evaluateEvery, standard.checkpointEvery)
    source.testPrompts = standard.testPrompts
    // The second restart begins with the batch after the last one of the first.
    if source.restarts == 1 { source.steps = standard.steps }
    self.parameters = source
  }
}
