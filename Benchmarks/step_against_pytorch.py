#!/usr/bin/env python3
"""How many times faster is a training step of Attune than PyTorch's? Runs both in turn and prints medians and the ratio.

Usage: step_against_pytorch.py [--rounds 5] [--activation exp] [--layers 3] [--context 14] [--dimension 5] [--batch 30000] [--threads 2]
       step_against_pytorch.py --all [--rounds 3]      every shape of docs/performance.md, as a Markdown table
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
p.add_argument('--all', action='store_true')
o = p.parse_args()

def last_json(command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])

def compare(activation, **values):
    """Medians over the rounds: {program: {step_ms, peak_memory_mib, …}}."""
    flags = ['--activation', activation] + [f for name, _ in shape for f in ('--' + name, str(values[name]))]
    runs = {'attune': [], 'torch.compile': [], 'torch eager': []}
    for _ in range(o.rounds):
        runs['attune'].append(last_json([here.parent / '.build/release/attune', 'bench', 'training', '--json', *flags]))
        for compile in (['--compile'], []):
            peer = last_json([sys.executable, here / 'pytorch_step.py', '--json', *compile, *flags])
            runs[peer['peer']].append(peer)
    return {name: {key: statistics.median(r[key] for r in rows) for key, value in rows[0].items() if isinstance(value, float)}
            for name, rows in runs.items()}

if o.all:
    base = dict(layers=3, context=14, dimension=5, batch=30000, threads=o.threads)
    shapes = [(a, base) for a in ('exp', 'relu', 'linear', 'softmax')]
    shapes += [('exp', {**base, **change}) for change in (dict(layers=7), dict(dimension=20, context=40, batch=4000), dict(batch=1000), dict(dimension=16, context=512, batch=64))]
    print('| shape | Attune | of peak | torch.compile | eager | memory: Attune | torch.compile | eager |', '|' + '---|' * 8, sep='\n')
    for activation, values in shapes:
        r = compare(activation, **values)
        ours = r['attune']['step_ms']
        ratio = lambda name: f"{r[name]['step_ms']:.1f} ms, {r[name]['step_ms'] / ours:.1f} ×"
        print(f"| {activation}, {values['layers']} layers, n={values['context']}, d={values['dimension']}, batch {values['batch']:,} | {ours:.2f} ms | {100 * r['attune']['fraction_of_peak']:.0f} % | "
              f"{ratio('torch.compile')} | {ratio('torch eager')} | " + ' | '.join(f"{r[name]['peak_memory_mib']:.0f} MiB" for name in r) + ' |', flush=True)
else:
    r = compare(o.activation, **{name: getattr(o, name) for name, _ in shape})
    for name, row in r.items():
        print(f"{name:14} {row['step_ms']:8.2f} ms  {row['step_ms'] / r['attune']['step_ms']:6.1f} times attune  {row['peak_memory_mib']:6.0f} MiB at most")
