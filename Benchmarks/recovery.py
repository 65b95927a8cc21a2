#!/usr/bin/env python3
# How long does a coordinator of a million pending trials take to start, and how much memory does it need?
# Starts `attune serve` on a new directory, kills it (SIGKILL) once it serves, starts it again, and prints both times and peaks.
import argparse, json, os, pathlib, signal, subprocess, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("--attune", default=".build/release/attune")
parser.add_argument("--configurations", type=int, default=10_000, help="different ones (10000)")
parser.add_argument("--seeds", type=int, default=99, help="tuning seeds of each (99)")
options = parser.parse_args()

MANIFEST = f"""
name: million
method: random
run_cap: {options.configurations}
parameters:
  task: {{value: linear}}
  activation: {{value: linear}}
  learning_rate: {{min: 0.0001, max: 0.1, distribution: log_uniform_values}}
  steps: {{value: 100}}
seeds: {{tune: {options.seeds}, report: 1}}
"""


def start(directory, place):
    """Seconds until the coordinator serves, seconds of processor time, and its peak memory in bytes."""
    status = directory / "out" / "status.json"
    status.unlink(missing_ok=True)
    begun = time.monotonic()
    process = subprocess.Popen(
        [options.attune, "serve", str(place), "--bind", f"ipc://{directory}/s"]
        + (["--out", str(directory / "out")] if place.suffix else []),
        stderr=subprocess.DEVNULL)
    while not status.exists():
        if process.poll() is not None:
            raise SystemExit(f"the coordinator ended with {process.returncode}")
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines())
    times = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    processor = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
    waiting = json.loads(status.read_text())["waiting"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    return {"waiting": waiting, "seconds": round(seconds, 2), "processor_seconds": round(processor, 2),
            "peak_bytes": int(fields["VmHWM"].split()[0]) * 1024}


with tempfile.TemporaryDirectory(prefix="attune-") as name:
    directory = pathlib.Path(name)
    manifest = directory / "million.yaml"
    manifest.write_text(MANIFEST)
    print(json.dumps({"first": start(directory, manifest), "again": start(directory, directory / "out")}, indent=1))
