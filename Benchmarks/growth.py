#!/usr/bin/env python3
"""How does the cost of a training step grow with context, dimension, layers, heads, batch and threads?

Usage: growth.py [--isa avx2] [--seconds 1.0] [--table growth.csv] [--plot growth.svg] [--from growth.csv]
Varies one parameter at a time around 3 layers, n = 14, d = 5, one head (exp), two threads, and writes a CSV table (also to standard
output, as Markdown) and a plot: six panels, milliseconds per step over the parameter, both axes logarithmic, with the share of the
processor's multiply-add peak at every point. Needs `swift build -c release` and nothing but Python. Batches shrink as a prompt grows,
so that a step stays below a second; the cost per prompt is what the panels of context, dimension, layers and heads show.
"""
import argparse, csv, json, math, pathlib, subprocess, sys

here = pathlib.Path(__file__).resolve().parent
p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--isa')
p.add_argument('--seconds', type=float, default=1.0)
p.add_argument('--table', default=here.parent / 'docs/growth.csv')
p.add_argument('--plot', default=here.parent / 'docs/growth.svg')
p.add_argument('--from', dest='source', help='draw this table again, measure nothing')
o = p.parse_args()

base = dict(layers=3, context=14, dimension=5, heads=1, batch=4096, threads=2)
axes = {
    'context': [2, 4, 8, 14, 32, 64, 128, 256, 512, 1024],
    'dimension': [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 32, 48, 64, 128],
    'layers': [1, 2, 3, 5, 7, 12, 16, 32],
    'heads': [1, 2, 4, 8, 16],
    'batch': [16, 64, 256, 1000, 4096, 10000, 30000],
    'threads': [1, 2],
}
columns = ['axis', 'context', 'dimension', 'layers', 'heads', 'batch', 'threads', 'instruction_set', 'step_ms', 'us_per_prompt',
           'gflop_per_step', 'fraction_of_peak', 'peak_memory_mib', 'prompts_mib', 'datagen_ms']

def measure(axis, shape):
    n, d = shape['context'], shape['dimension']
    if axis not in ('batch', 'threads'):
        # About the arithmetic of the base shape, in whole chunks of 64 prompts; two at least.
        work = lambda s: s['heads'] * s['layers'] * ((s['context'] + 1) * (s['context'] * (6 * s['dimension'] + 4) + 6 * s['dimension'] ** 2))
        shape['batch'] = max(128, min(32768, int(base['batch'] * work(base) / work(shape)) // 64 * 64))
    flags = [f for name in ('layers', 'context', 'dimension', 'batch', 'threads') for f in ('--' + name, str(shape[name]))]
    command = [here.parent / '.build/release/attune', 'bench', 'training', '--json', '--activation', '+'.join(['exp'] * shape['heads']),
               '--task', 'linear', '--seconds', str(o.seconds), *flags, *(['--isa', o.isa] if o.isa else [])]
    m = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    row = dict(axis=axis, **shape)
    for name in ('instruction_set', 'step_ms', 'gflop_per_step', 'fraction_of_peak', 'peak_memory_mib', 'datagen_ms'):
        row[name] = m[name]
    row['us_per_prompt'] = m['step_ms'] * 1e3 / shape['batch']
    row['prompts_mib'] = (n + 1) * (d + 1) * shape['batch'] * 4 / 2 ** 20
    return row

def measured():
    rows = []
    for axis, values in axes.items():
        for value in values:
            rows.append(measure(axis, {**base, axis: value}))
            print(f"{axis} {value}: {rows[-1]['step_ms']:.3f} ms", file=sys.stderr)
    return rows

def markdown(rows):
    lines = ['| varied | n | d | layers | heads | batch | threads | ms per step | µs per prompt | of peak | memory beyond the batch |', '|' + '---|' * 11]
    for r in rows:
        lines.append(f"| {r['axis']} | {r['context']} | {r['dimension']} | {r['layers']} | {r['heads']} | {r['batch']} | {r['threads']} | {float(r['step_ms']):.3f} | "
                     f"{float(r['us_per_prompt']):.3g} | {100 * float(r['fraction_of_peak']):.0f} % | {max(0, float(r['peak_memory_mib']) - float(r['prompts_mib'])):.0f} MiB |")
    return '\n'.join(lines)

def plot(rows):
    """Six panels of 320 × 220 as SVG; ink follows the reader's light or dark page."""
    width, height, margin = 320, 230, 46
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {3 * width} {2 * height}" font-family="sans-serif" font-size="11">',
           '<style>text{fill:#333}.axis{stroke:#999;stroke-width:1}.line{stroke:#0b62a4;fill:none;stroke-width:1.5}.dot{fill:#0b62a4}'
           '@media(prefers-color-scheme:dark){text{fill:#ccc}.line{stroke:#6db3ea}.dot{fill:#6db3ea}}</style>']
    for index, axis in enumerate(axes):
        part = [r for r in rows if r['axis'] == axis]
        name = 'step_ms' if axis in ('batch', 'threads') else 'us_per_prompt'
        xs, ys = [float(r[axis]) for r in part], [float(r[name]) for r in part]
        left, top = index % 3 * width, index // 3 * height
        lx, ly = [math.log10(v) for v in xs], [math.log10(v) for v in ys]
        x0, x1, y0, y1 = min(lx), max(max(lx), min(lx) + .1), math.floor(min(ly)), math.ceil(max(ly))
        y1 = max(y1, y0 + 1)
        px = lambda v: left + margin + (v - x0) / (x1 - x0) * (width - margin - 24)
        py = lambda v: top + height - 40 - (v - y0) / (y1 - y0) * (height - 76)
        unit = 'ms per step' if name == 'step_ms' else 'µs per prompt'
        out.append(f'<text x="{left + margin}" y="{top + 16}" font-weight="bold">{axis}</text><text x="{left + margin}" y="{top + 30}">{unit}, share of the peak at the points</text>')
        out.append(f'<path class="axis" fill="none" d="M{left + margin} {py(y1)}V{py(y0)}H{px(x1)}"/>')
        for exponent in range(y0, y1 + 1):
            out.append(f'<text x="{left + margin - 5}" y="{py(exponent) + 4:.1f}" text-anchor="end">{10 ** exponent:g}</text>')
        last = -99
        for x, v in zip(xs, lx):
            if px(v) - last > 22:
                out.append(f'<text x="{px(v):.1f}" y="{py(y0) + 15:.1f}" text-anchor="middle">{x:g}</text>')
                last = px(v)
        out.append('<polyline class="line" points="' + ' '.join(f'{px(a):.1f},{py(b):.1f}' for a, b in zip(lx, ly)) + '"/>')
        last = -99
        for a, b, r in zip(lx, ly, part):
            out.append(f'<circle class="dot" cx="{px(a):.1f}" cy="{py(b):.1f}" r="2.5"/>')
            if px(a) - last > 24:
                shift = 10 if a == lx[0] else 0  # Off the axis.
                out.append(f'<text x="{px(a) + shift:.1f}" y="{py(b) - 6:.1f}" text-anchor="middle" font-size="9">{100 * float(r["fraction_of_peak"]):.0f}%</text>')
                last = px(a)
    return '\n'.join(out + ['</svg>', ''])

rows = list(csv.DictReader(open(o.source))) if o.source else measured()
if not o.source:
    with open(o.table, 'w', newline='') as file:
        writer = csv.DictWriter(file, columns, lineterminator='\n')
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f'{v:.5g}' if isinstance(v, float) else v for k, v in row.items()})
pathlib.Path(o.plot).write_text(plot(rows))
print(markdown(rows))
