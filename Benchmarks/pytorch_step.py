"""One training step of the model of docs/architecture.md in PyTorch, written as well as a Python user would: BᵀC merged, last layer query only.

Usage: pytorch_step.py [--compile] [--threads 2] [--activation exp] [--layers 3] [--context 14] [--dimension 5] [--batch 30000] [--json]
Prints the fastest of the measured steps, in milliseconds; with --json also how much the process grew while it trained (model and batch were there
before; torch.compile's own memory is in it) and how large it was at most. Needs only torch. Run it beside `attune bench training` for a ratio: absolute times drift.
"""
import argparse, json, resource, time
import torch

p = argparse.ArgumentParser()
p.add_argument('--compile', action='store_true')
p.add_argument('--json', action='store_true')
p.add_argument('--activation', default='exp', choices=['linear', 'relu', 'exp', 'softmax'])
for name, default in [('threads', 2), ('layers', 3), ('context', 14), ('dimension', 5), ('batch', 30000), ('steps', 6)]:
    p.add_argument('--' + name, type=int, default=default)
o = p.parse_args()
torch.set_num_threads(o.threads)
k, n, d, batch = o.layers, o.context, o.dimension, o.batch
h = {'linear': lambda s: s, 'relu': torch.relu, 'exp': torch.exp, 'softmax': lambda s: torch.softmax(s, 1)}[o.activation]

def loss(A, r, B, C, X, y, target):
    for l in range(k):
        last = l == k - 1
        Xt = X[:, -1:] if last else X
        a = h((X[:, :-1] @ (B[l].T @ C[l])) @ Xt.transpose(1, 2))        # [batch, sources, targets]
        wy = (y[:, :-1].unsqueeze(1) @ a).squeeze(1)
        if last:
            return ((y[:, -1] + r[l] * wy[:, 0] / n + target) ** 2).mean()
        X, y = X + (a.transpose(1, 2) @ X[:, :-1]) @ A[l].T / n, y + r[l] * wy / n

torch.manual_seed(0)
parameters = [(.1 * torch.randn(*s)).requires_grad_() for s in [(k, d, d), (k,), (k, d, d), (k, d, d)]]
optimiser = torch.optim.Adam(parameters, lr=1e-3, fused=True)
X = torch.nn.functional.normalize(torch.randn(batch, n + 1, d), dim=-1)
y = torch.randn(batch, n + 1); target = y[:, -1].clone(); y[:, -1] = 0
memory = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
f = torch.compile(loss) if o.compile else loss
before, times = memory(), []
for i in range(o.steps + 3):
    t = time.perf_counter()
    f(*parameters, X, y, target).backward(); optimiser.step(); optimiser.zero_grad()
    times.append(time.perf_counter() - t)
ms = min(times[3:]) * 1e3
print(json.dumps({'peer': 'torch.compile' if o.compile else 'torch eager', 'version': torch.__version__, 'step_ms': ms,
                  'step_memory_mib': memory() - before, 'peak_memory_mib': memory()}) if o.json else f'{ms:.2f} ms/step')
