#!/usr/bin/env python3
"""How many times faster is a training step of Attune than PyTorch's? Runs both in turn and prints medians and the ratio.

Usage: step_against_pytorch.py [--rounds 5] [--activation exp] [--layers 3] [--context 14] [--dimension 5] [--batch 30000] [--threads 2]
Needs torch in the Python that runs it, and `swift build -c release`. The measurement of a peer is its fastest of several steps,
Attune's is its median: the ratio is a lower bound.
"""
import argparse, json, pathlib, statistics, subprocess, sys

here = pathlib.Path(__file__).resolve().parent
p = argparse.ArgumentParser()
p.add_argument('--rounds', type=int, default=5)
p.add_argument('--activation', default='exp')
shape = [('layers', 3), ('context', 14), ('dimension', 5), ('batch', 30000), ('threads', 2)]
for name, default in shape:
    p.add_argument('--' + name, type=int, default=default)
o = p.parse_args()
flags = ['--activation', o.activation] + [f for name, _ in shape for f in ('--' + name, str(getattr(o, name)))]

def last_json(command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])

steps = {'attune': [], 'torch.compile': [], 'torch eager': []}
for _ in range(o.rounds):
    ours = last_json([here.parent / '.build/release/attune', 'bench', 'training', '--json', *flags])
    steps['attune'].append(ours['step_ms'])
    for compile in (['--compile'], []):
        peer = last_json([sys.executable, here / 'pytorch_step.py', '--json', *compile, *flags])
        steps[peer['peer']].append(peer['step_ms'])
ours = statistics.median(steps['attune'])
for name, times in steps.items():
    median = statistics.median(times)
    print(f'{name:14} {median:8.2f} ms  ({min(times):.2f} to {max(times):.2f})  {median / ours:6.1f} times attune')
