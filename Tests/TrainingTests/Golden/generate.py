#!/usr/bin/env python3
"""Writes the reference cases of this folder that the paper's authors' functions do not cover: more heads, layers and
shapes, attention scale 1, AdamW and SGD, posterior means in other shapes. Float64 throughout; the model is written from
docs/science.md's formulas with PyTorch's automatic differentiation and optimisers, independently of the Swift code.

Needs numpy and torch. The same seed gives the same files: python3 generate.py
"""
import json
import pathlib

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
FOLDER = pathlib.Path(__file__).parent


def rounded(array, digits=12):
    """The array as it will be read back from the file."""
    return np.vectorize(lambda x: float(f"{x:.{digits}g}"))(np.asarray(array, dtype=np.float64))


def weights_of(scores, activation):
    if activation == "linear":
        return scores
    if activation == "relu":
        return torch.relu(scores)
    if activation == "exp":
        return torch.exp(scores)
    return torch.softmax(scores, dim=-1)


def forward(parameters, activations, X, y, scale):
    """X [b][n+1][d], y [b][n] -> predictions [b]. Sources are the context tokens, targets all tokens."""
    A, r, B, C = parameters
    n = y.shape[1]
    x = X
    values = torch.cat([y, torch.zeros(len(y), 1)], dim=1)
    for layer in range(A.shape[0]):
        dx, dy = 0, 0
        for head, activation in enumerate(activations):
            keys = x[:, :n] @ B[layer, head].T
            queries = x @ C[layer, head].T
            a = scale * weights_of(queries @ keys.transpose(1, 2), activation)  # [b][t][s]
            dx = dx + a @ (x[:, :n] @ A[layer, head].T)
            dy = dy + r[layer, head] * (a @ values[:, :n, None])[..., 0]
        x, values = x + dx, values + dy
    return -values[:, n]


def kernel_matrix(xi, kernel):
    gram = xi @ xi.T
    if kernel == "linear":
        return gram
    if kernel == "relu":
        return np.maximum(0, gram)
    return np.exp(0.5 * gram)


def absolute(K):
    values, vectors = np.linalg.eigh(K)
    return (vectors * np.abs(values)) @ vectors.T


def draw(rng, batch, n, d, kernel):
    X = rng.standard_normal((batch, n + 1, d))
    X = rounded(X / np.linalg.norm(X, axis=2, keepdims=True))
    labels = np.empty((batch, n + 1))
    for i in range(batch):
        values, vectors = np.linalg.eigh(kernel_matrix(X[i], kernel))
        labels[i] = vectors @ (np.sqrt(np.abs(values)) * (vectors.T @ rng.standard_normal(n + 1)))
    return X, rounded(labels)


def clip_layers(gradients, clip):
    """Layer i, all heads and blocks together, to norm scale / (base - i)^2 where it is larger."""
    for layer in range(len(gradients[0])):
        norm = torch.sqrt(sum((g[layer] ** 2).sum() for g in gradients))
        bound = clip["scale"] / (clip["base"] - layer) ** 2
        if norm > bound:
            for g in gradients:
                g[layer] *= bound / norm


def flat(tensors):
    return {k: rounded(t.detach().numpy()).ravel().tolist() for k, t in zip("ArBC", tensors)}


def network_case(name, seed, activations, kernel, batch, n, d, layers, scale="1/n", optimiser=None):
    rng = np.random.default_rng(seed)
    heads = len(activations)
    X, labels = draw(rng, batch, n, d, kernel)
    eye = np.eye(d)[None, None]
    shape = (layers, heads, d, d)
    step = 0.3 / heads if scale == "1/n" else 0.3 / heads / n
    parameters = [
        torch.tensor(rounded(p), requires_grad=True)
        for p in (
            0.1 * step * rng.standard_normal(shape),
            -step * (0.5 + rng.random((layers, heads))),
            0.7 * eye + 0.2 * rng.standard_normal(shape) / np.sqrt(d),
            0.7 * eye + 0.2 * rng.standard_normal(shape) / np.sqrt(d),
        )
    ]
    x, y, target = torch.tensor(X), torch.tensor(labels[:, :n]), torch.tensor(labels[:, n])
    factor = 1 / n if scale == "1/n" else 1.0

    def evaluate():
        prediction = forward(parameters, activations, x, y, factor)
        return prediction, ((prediction - target) ** 2).mean()

    prediction, loss = evaluate()
    # Of one layer, A is not read: it has no gradient.
    gradient = [
        g if g is not None else torch.zeros_like(p)
        for g, p in zip(torch.autograd.grad(loss, parameters, allow_unused=True), parameters)
    ]
    case = {
        "name": name, "activations": activations, "dataKernel": kernel, "batch": batch, "context": n, "dimension": d,
        "layers": layers, "heads": heads, "attentionScale": scale, "X": X.ravel().tolist(),
        "y": labels[:, :n].ravel().tolist(), "target": labels[:, n].tolist(), "parameters": flat(parameters),
        "prediction": rounded(prediction.detach().numpy()).tolist(), "loss": loss.item(), "gradient": flat(gradient),
    }
    if optimiser:
        o = {"beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8, "weightDecay": 0.0, "layerClip": None, "steps": 20} | optimiser
        betas = (o["beta1"], o["beta2"])
        if o["algorithm"] == "sgd":
            method = torch.optim.SGD(
                parameters, lr=o["learningRate"], momentum=o["beta1"], weight_decay=o["weightDecay"])
        else:
            kind = torch.optim.AdamW if o["algorithm"] == "adamw" else torch.optim.Adam
            method = kind(
                parameters, lr=o["learningRate"], betas=betas, eps=o["epsilon"], weight_decay=o["weightDecay"])
        losses = []
        for _ in range(o["steps"]):
            _, loss = evaluate()
            losses.append(loss.item())
            gradient = torch.autograd.grad(loss, parameters, allow_unused=True)
            for p, g in zip(parameters, gradient):
                p.grad = torch.zeros_like(p) if g is None else g.clone()
            if o["layerClip"]:
                clip_layers([p.grad for p in parameters], o["layerClip"])
            method.step()
        case["optimiser"] = o | {"losses": losses, "parameters": flat(parameters)}
    write(case)


def bayes_case(name, seed, kernel, batch, n, d, ridge):
    rng = np.random.default_rng(seed)
    X, labels = draw(rng, batch, n, d, kernel)
    prediction = []
    for i in range(batch):
        K = kernel_matrix(X[i], kernel) + ridge * np.eye(n + 1)
        if kernel == "relu":
            K = absolute(K)
        prediction.append(K[n, :n] @ np.linalg.solve(K[:n, :n], labels[i, :n]))
    write({
        "name": name, "dataKernel": kernel, "ridge": ridge, "batch": batch, "context": n, "dimension": d,
        "X": X.ravel().tolist(), "y": labels[:, :n].ravel().tolist(), "target": labels[:, n].tolist(),
        "prediction": rounded(prediction).tolist(),
        "loss": float(np.mean((np.array(prediction) - labels[:, n]) ** 2)),
    })


def write(case):
    (FOLDER / f"{case['name']}.json").write_text(json.dumps(case) + "\n")


network_case("forward-relu+exp+softmax-h3-k2", 1, ["relu", "exp", "softmax"], "exp", 8, 8, 5, 2)
network_case("forward-softmax-k7", 2, ["softmax"], "exp", 4, 8, 5, 7)
network_case("forward-exp-d20", 3, ["exp"], "linear", 3, 14, 20, 3)
network_case("forward-linear-n1", 4, ["linear"], "linear", 8, 1, 5, 3)
network_case("forward-softmax-n40", 5, ["softmax"], "relu", 2, 40, 5, 3)
network_case("forward-relu-d1-k2", 6, ["relu"], "relu", 8, 6, 1, 2)
network_case(
    "train-relu-d2-adamw", 7, ["relu"], "relu", 8, 8, 2, 3,
    optimiser={"algorithm": "adamw", "learningRate": 0.02, "weightDecay": 0.05})
network_case(
    "train-linear-b33-sgd", 8, ["linear"], "linear", 33, 8, 3, 3,
    optimiser={"algorithm": "sgd", "learningRate": 0.05, "weightDecay": 0.01})
network_case(
    "train-softmax-scale1", 9, ["softmax"], "exp", 8, 8, 5, 3, scale="1",
    optimiser={"algorithm": "adam", "learningRate": 0.02})
network_case(
    "train-relu+linear+exp-h3-d7-k7", 10, ["relu", "linear", "exp"], "exp", 3, 6, 7, 7,
    optimiser={"algorithm": "adam", "learningRate": 0.001, "weightDecay": 0.02})
network_case(
    "train-exp-k7-clip-scale1", 11, ["exp"], "exp", 4, 6, 4, 7, scale="1",
    optimiser={
        "algorithm": "adam", "learningRate": 0.01, "beta2": 0.9, "layerClip": {"scale": 1e-8, "base": 9}})
bayes_case("bayes-linear-d20", 12, "linear", 8, 8, 20, 0.0)
bayes_case("bayes-exp-n1", 13, "exp", 8, 1, 5, 0.0)
bayes_case("bayes-relu-n40", 14, "relu", 2, 40, 5, 0.0)
bayes_case("bayes-relu-d2-n3", 15, "relu", 8, 3, 2, 0.0)
