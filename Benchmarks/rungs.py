#!/usr/bin/env python3
"""What rules of successive halving would have done to a grid whose trials all ran to their end.

    attune run grid.yaml --out DIR          # sweeps/hyperband.yaml without early_terminate
    python3 Benchmarks/rungs.py DIR

Reads the learning curves of the tuning trials and prints, per rule: in how many cells it ends with the grid's candidate, the
largest regret (difference of mean ln validation loss at the end), and the share of the grid's training steps. Rules are
rungs, in evaluations, and how many candidates go on from each; the best of those that reach the end is chosen.
"""
import collections
import json
import math
import sqlite3
import struct
import sys

RULES = [((2, 6, 18), (3, 1, 1)), ((2, 4, 8, 16), (4, 2, 1, 1)), ((4, 16), (2, 1)), ((3,), (2,)), ((4,), (2,)), ((5,), (2,))]
AXES = ("task", "activation")


def cells(path):
    """Per cell and candidate, the mean over tuning seeds of ln validation loss at every evaluation."""
    database = sqlite3.connect(f"file:{path}/sweep.sqlite?mode=ro", uri=True)
    curves = collections.defaultdict(dict)
    for trial, step, bits in database.execute("SELECT trial, step, validation_loss FROM points"):
        curves[trial][step] = struct.unpack("d", struct.pack("q", bits))[0]
    trials = database.execute(
        "SELECT trials.id, canonical FROM trials JOIN configurations ON configurations.id = configuration "
        "WHERE stage = 'tuning' ORDER BY trials.id"
    )
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for trial, canonical in trials:
        values = json.loads(canonical)
        cell = tuple(json.dumps(values.get(name)) for name in AXES)
        found[cell][canonical].append([curves[trial][step] for step in sorted(curves[trial])])
    length = max(len(curve) for cell in found.values() for seeds in cell.values() for curve in seeds)
    for cell in found.values():
        yield [
            [
                sum(math.log(c[i]) if i < len(c) and math.isfinite(c[i]) else math.inf for c in seeds) / len(seeds)
                for i in range(length)
            ]
            for seeds in cell.values()
        ]


def halved(cell, rungs, kept):
    """The chosen candidate and the evaluations that all candidates together were trained for."""
    alive, last, cost = list(range(len(cell))), 0, 0
    for rung, count in zip(rungs, kept):
        cost += len(alive) * (rung - last)
        last = rung
        alive = sorted(alive, key=lambda candidate: (cell[candidate][rung - 1], candidate))[:count]
    cost += len(alive) * (len(cell[0]) - last)
    return min(alive, key=lambda candidate: cell[candidate][-1]), cost


def main():
    grid = list(cells(sys.argv[1]))
    for rungs, kept in RULES:
        same, regret, cost = 0, 0.0, 0
        for cell in grid:
            chosen, spent = halved(cell, rungs, kept)
            ends = [curve[-1] for curve in cell]
            same += chosen == ends.index(min(ends))
            regret = max(regret, ends[chosen] - min(ends))
            cost += spent
        share = cost / sum(len(cell) * len(cell[0]) for cell in grid)
        print(f"rungs {rungs}, {kept} go on: {same} of {len(grid)}, regret {regret:.4f}, {100 * share:.1f} % of the steps")


main()
