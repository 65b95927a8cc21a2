#!/usr/bin/env python3
"""Sets the samplers of Sources/Search beside Optuna's TPE: regret after a number of trials on Branin, Hartmann-6 and
tables of losses that our own sweeps measured (Benchmarks/Search/learning_rates.csv).

    swift build -c release --product search-benchmark
    python3 Benchmarks/search.py [--trials 50] [--seeds 20]

Needs Optuna (any environment that has it). Attune's `bayes` runs as a manifest's defaults have it, in generations of
four; Optuna proposes one trial after another, which is an advantage.
"""
import argparse
import csv
import json
import math
import pathlib
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "Search" / "learning_rates.csv"


def branin(t):
    x, y = -5 + 15 * t.suggest_float("x", 0, 1), 15 * t.suggest_float("y", 0, 1)
    a = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return a * a + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
     [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]


def hartmann6(t):
    x = [t.suggest_float(f"x{i}", 0, 1) for i in range(6)]
    return -sum(c * math.exp(-sum(a[i] * (x[i] - 1e-4 * p[i]) ** 2 for i in range(6)))
                for c, a, p in zip([1, 1.2, 3, 3.2], A, P))


def tables():
    """One problem per task: numbers as steps on a logarithmic or linear scale, words as categories."""
    with open(TABLE) as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])[1:-1]
    for task in dict.fromkeys(row["task"] for row in rows):
        losses = {tuple(row[n] for n in names): float(row["ln_validation_loss"] or "inf")
                  for row in rows if row["task"] == task}
        values = [list(dict.fromkeys(key[i] for key in losses)) for i in range(len(names))]

        def objective(t, losses=losses, values=values):
            key = []
            for name, choices in zip(names, values):
                try:
                    # As whole numbers of steps: Optuna then knows the order, as Attune does.
                    ordered = sorted(choices, key=float)
                    key.append(ordered[t.suggest_int(name, 0, len(ordered) - 1)])
                except ValueError:
                    key.append(t.suggest_categorical(name, choices))
            return min(losses[tuple(key)], 1e3)

        yield task, objective, min(losses.values())


def optuna_regrets(trials, seeds):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problems = [("branin", branin, 0.39788735772973816), ("hartmann6", hartmann6, -3.32236801141551), *tables()]
    for name, objective, smallest in problems:
        for seed in range(seeds):
            study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
            study.optimize(objective, n_trials=trials)
            yield name, f"Optuna {optuna.__version__} TPE", study.best_value - smallest


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--program", default=".build/release/search-benchmark")
    options = parser.parse_args()
    regrets = {}
    command = [options.program, "samplers", str(options.trials), str(options.seeds), str(TABLE)]
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        record = json.loads(line)
        regrets.setdefault(record["problem"], {}).setdefault(record["method"], []).append(record["regrets"][-1])
    for problem, method, regret in optuna_regrets(options.trials, options.seeds):
        regrets[problem].setdefault(method, []).append(regret)
    methods = list(next(iter(regrets.values())))
    print(f"median regret after {options.trials} trials, {options.seeds} seeds\n")
    print("| problem | " + " | ".join(methods) + " |")
    print("|---" * (len(methods) + 1) + "|")
    for problem, by_method in regrets.items():
        print(f"| {problem} | " + " | ".join(f"{statistics.median(by_method[m]):.4g}" for m in methods) + " |")


if __name__ == "__main__":
    main()
