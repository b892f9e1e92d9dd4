"""How long commands take to start: 'plan' until it ends, 'train' until its first step is in metrics.jsonl.

Usage: startup.py ROUNDS [LAUNCHER], from the folder that holds the recipes. The first round is not counted.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

RECIPE = "recipes/fashion-mnist.yaml"


def plan(launcher):
    start = time.perf_counter()
    subprocess.run([launcher, "plan", RECIPE], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def train(launcher):
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        start = time.perf_counter()
        process = subprocess.Popen(
            [launcher, "train", RECIPE, "--out", run, "--stop-after", "3"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not has_step(os.path.join(run, "metrics.jsonl")):
            if process.poll() is not None:
                raise SystemExit("train ended without a step")
            time.sleep(0.002)
        took = time.perf_counter() - start
        process.wait()
        return took


def has_step(metrics):
    try:
        with open(metrics, encoding="utf-8") as file:
            return '"type":"step"' in file.read()
    except FileNotFoundError:
        return False


def main(rounds, launcher):
    times = {"plan": [], "train": []}
    for _ in range(rounds + 1):
        times["plan"].append(plan(launcher))
        times["train"].append(train(launcher))
    for name, all_times in times.items():
        kept = sorted(all_times[1:])
        print(f"{name:6} median {statistics.median(kept):.2f} s, from {kept[0]:.2f} to {kept[-1]:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "./lockstep")
