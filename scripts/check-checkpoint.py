#!/usr/bin/env python3
# Loads checkpoints of a sweep with `safetensors` and recomputes their test losses by the formulas of docs/science.md §1
# in double precision, sharing no code with attune. Needs numpy and safetensors. Exit status 1 if a loss differs.
"""Recompute the test losses of a sweep's reporting trials.

    scripts/check-checkpoint.py runs/quickstart              one trial of every cell
    scripts/check-checkpoint.py runs/quickstart 57 58        these trials
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

BATCH = 2048  # Prompts at a time: n+1 by n scores each, in double precision.


def attention(scores, activation):
    """scores [N, targets, sources] -> weights of the same shape; softmax runs over the sources."""
    if activation == "linear":
        return scores
    if activation == "relu":
        return np.maximum(scores, 0)
    if activation == "exp":
        return np.exp(scores)
    if activation == "softmax":
        powers = np.exp(scores - scores.max(axis=2, keepdims=True))
        return powers / powers.sum(axis=2, keepdims=True)
    raise SystemExit(f"check-checkpoint: activation {activation!r} is not one this script knows")


def predict(tensors, layers, heads, scale_of, x, y):
    """x [N, n+1, d], y [N, n] -> predictions [N]. The query is a target like the others, and never a source."""
    n = y.shape[1]
    y = np.concatenate([y, np.zeros((len(y), 1))], axis=1)
    for layer in range(layers):
        sources_x, sources_y = x[:, :n], y[:, :n]
        moved_x, moved_y = np.zeros_like(x), np.zeros_like(y)
        for head, activation in enumerate(heads):
            A, r, B, C = (tensors[f"layers.{layer}.heads.{head}.{name}"].astype(np.float64) for name in "ArBC")
            scores = np.einsum("nti,nsi->nts", x @ C.T, sources_x @ B.T)
            weights = scale_of(activation) * attention(scores, activation)
            moved_x += np.einsum("nts,nsi->nti", weights, sources_x @ A.T)
            moved_y += np.einsum("nts,ns->nt", weights, r[0] * sources_y)
        x, y = x + moved_x, y + moved_y
    return -y[:, n]


def scale_rule(configuration, n):
    """attention_scale: `auto` is 1 for softmax, which is normalised, and 1/n otherwise."""
    setting = configuration.get("attention_scale", "auto")
    if setting == "auto":
        return lambda activation: 1.0 if activation == "softmax" else 1 / n
    return lambda activation: 1 / n if setting == "1/n" else 1.0


def test_loss(checkpoint, prompts):
    """The mean squared error of a checkpoint file on a file of prompts, with the cell's name."""
    with safe_open(checkpoint, framework="numpy") as file:
        configuration = json.loads(file.metadata()["configuration"])
    tensors, data = load_file(checkpoint), load_file(prompts)
    heads = configuration["activation"]
    heads = [heads] if isinstance(heads, str) else heads
    layers = configuration.get("layers", 3)
    scale_of = scale_rule(configuration, data["y"].shape[1])
    errors = []
    for first in range(0, len(data["target"]), BATCH):
        x, y, target = (data[name][first : first + BATCH].astype(np.float64) for name in ("X", "y", "target"))
        errors.append((predict(tensors, layers, heads, scale_of, x, y) - target) ** 2)
    return float(np.concatenate(errors).mean()), f"{configuration['task']} by {'+'.join(heads)}"


def chosen(trials, numbers):
    reported = [trial for trial in trials if trial["stage"] == "reporting" and "test_loss" in trial.get("metrics", {})]
    if numbers:
        missing = set(numbers) - {trial["trial"] for trial in reported}
        if missing:
            raise SystemExit(f"check-checkpoint: no test loss is stored for trial {min(missing)}")
        return [trial for trial in reported if trial["trial"] in numbers]
    first = {}
    for trial in reported:
        first.setdefault(trial["configuration"], trial)
    return list(first.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", help="the sweep's directory")
    parser.add_argument("trials", nargs="*", type=int, help="numbers of reporting trials (default: one of every cell)")
    parser.add_argument("--attune", default=".build/release/attune", help="the program (default: %(default)s)")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="relative (default: %(default)s)")
    arguments = parser.parse_args()

    def attune(*words):
        return subprocess.run([arguments.attune, *words], check=True, stdout=subprocess.PIPE, text=True).stdout

    lines = attune("trials", arguments.directory, "--json").splitlines()
    trials = chosen([json.loads(line) for line in lines], arguments.trials)
    if not trials:
        raise SystemExit(f"check-checkpoint: {arguments.directory} holds no reporting trial with a test loss yet")
    worst = 0.0
    print(f"{'trial':>6}  {'cell':<24} {'stored':>14} {'recomputed':>14} {'relative':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for trial in trials:
            prompts = os.path.join(folder, "prompts.safetensors")
            subprocess.run(
                [arguments.attune, "prompts", arguments.directory, str(trial["trial"]), "--out", prompts],
                check=True, stderr=subprocess.DEVNULL)
            digest = trial["checkpoint"]
            checkpoint = os.path.join(arguments.directory, "blobs", "sha256", digest[:2], digest)
            loss, cell = test_loss(checkpoint, prompts)
            stored = trial["metrics"]["test_loss"]
            difference = abs(loss - stored) / max(abs(stored), 1e-300)
            worst = max(worst, difference)
            print(f"{trial['trial']:>6}  {cell:<24} {stored:>14.9g} {loss:>14.9g} {difference:>9.1e}")
    passed = math.isfinite(worst) and worst <= arguments.tolerance
    print(f"{len(trials)} checkpoints, largest relative difference {worst:.1e}: {'pass' if passed else 'FAIL'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
