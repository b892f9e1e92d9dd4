#!/usr/bin/env python3
"""What can only be measured on an NVIDIA card, in parts; continues where it was stopped.

    python3 evidence/gpu.py [--lockstep COMMAND] [--seconds 540] [--out gpu-results]

Each part that ended is a line of OUT/parts.jsonl and is not run again. Ends with exit code 0 when all parts are there and good,
1 when one is not, 3 where there is no card, and 75 when the time is over and parts are left: run it again.
Has never run on a card.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HOME = pathlib.Path(__file__).resolve().parent.parent

SMALL = """name: gpu-small
epochs: 1
workers: 8
images-per-worker: 16
data: {dataset: "synthetic:images=2048,validation=64,shape=3x32x32,classes=10"}
model: {name: resnet20}
"""
LARGE = """name: gpu-resnet50
epochs: 1
workers: 8
images-per-worker: 64
data: {dataset: "synthetic:images=16384,validation=64,shape=3x224x224,classes=1000"}
model: {name: resnet50}
"""

# Eager, as one CUDA graph, and compiled: the same network, precision and batch.
PYTORCH = """
import json, sys, time, torch, torchvision
mode, precision, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != "float32"
net = torchvision.models.resnet50().cuda().to(memory_format=torch.channels_last).train()
opt = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
x = torch.randn(n, 3, 224, 224, device="cuda").to(memory_format=torch.channels_last)
y = torch.randint(1000, (n,), device="cuda")
f = torch.compile(net) if mode == "compiled" else net
def step():
    opt.zero_grad(set_to_none=mode != "graph")
    with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16", cache_enabled=mode != "graph"):
        loss = torch.nn.functional.cross_entropy(f(x), y)
    loss.backward()
    opt.step()
run = step
side = torch.cuda.Stream()
with torch.cuda.stream(side):
    for _ in range(12):
        step()
torch.cuda.current_stream().wait_stream(side)
if mode == "graph":
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    run = graph.replay
torch.cuda.synchronize(); t = time.time()
for _ in range(40):
    run()
torch.cuda.synchronize()
print(json.dumps({"images_per_second": 40 * n / (time.time() - t), "torch": torch.__version__}))
"""


def call(command, seconds, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, **more)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise RuntimeError(f"exit code {done.returncode}: {lines[-1] if lines else 'no output'}")
    return done.stdout


class Parts:
    def __init__(self, out, lockstep):
        self.out, self.lockstep = out, lockstep

    def train(self, name, recipe, seconds, *options, env=None):
        folder = self.out / name
        shutil.rmtree(folder, ignore_errors=True)
        file = self.out / f"{name}.yaml"
        file.write_text(recipe)
        call([*self.lockstep, "train", str(file), "--device", "cuda", "--out", str(folder), *options], seconds,
             env={**os.environ, **(env or {})})
        return json.loads((folder / "result.json").read_text()), folder

    def verify(self, seconds):
        (self.out / "small.yaml").write_text(SMALL)
        text = call([*self.lockstep, "verify", str(self.out / "small.yaml"), "--device", "cuda", "--json"], seconds)
        return {"table": json.loads(text)}

    def repeats(self, seconds):
        """100 runs of the same steps, bit by bit; after each, the memory holds what another run left there."""
        end = time.time() + seconds - 30
        hashes, runs = set(), 0
        while runs < 100 and time.time() < end:
            result, _ = self.train("repeat", SMALL, seconds, "--lanes", "2", "--stop-after", "2")
            hashes.add(result["weights_sha256"])
            runs += 1
        if len(hashes) != 1:
            raise RuntimeError(f"{len(hashes)} different weights in {runs} runs")
        return {"runs": runs, "of": 100}

    def speed(self, precision, graphs):
        def measure(seconds):
            result, folder = self.train(
                f"speed-{precision}-{graphs}", LARGE + f"precision: {precision}\n", seconds, "--stop-after", "24",
                "--loader-threads", str(max(1, (os.cpu_count() or 2) - 2)), env={"LOCKSTEP_CUDA_GRAPHS": graphs})
            times = []
            for line in (folder / "metrics.jsonl").read_text().splitlines():
                event = json.loads(line)
                if "images_per_second" in event:
                    times.append(event["images_per_second"])
            late = sorted(times[8:])
            return {"images_per_second": late[len(late) // 2] if late else None, "result": result}
        return measure

    def pytorch(self, mode, precision):
        return lambda seconds: json.loads(
            call([sys.executable, "-c", PYTORCH, mode, precision, "64"], seconds).strip().splitlines()[-1])

    def fashion(self, seconds):
        recipe = (HOME / "recipes" / "fashion-mnist.yaml").read_text()
        result, _ = self.train("fashion", recipe, seconds)
        return {"result": result}

    def all(self):
        yield "verify", self.verify
        yield "repeats", self.repeats
        for precision in ("bf16", "tf32"):
            for graphs in ("0", "1"):
                yield f"lockstep {precision} graphs={graphs}", self.speed(precision, graphs)
            for mode in ("eager", "graph", "compiled"):
                yield f"pytorch {precision} {mode}", self.pytorch(mode, precision)
        yield "fashion-mnist", self.fashion


def card():
    try:
        text = call(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], 60)
    except (OSError, RuntimeError, subprocess.TimeoutExpired):
        return None
    return text.strip() or None


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--lockstep", default=str(HOME / "lockstep"))
    options.add_argument("--seconds", type=int, default=540)
    options.add_argument("--out", type=pathlib.Path, default=pathlib.Path("gpu-results"))
    given = options.parse_args()
    found = card()
    if found is None:
        print("no NVIDIA card: nvidia-smi finds none; nothing was measured")
        return 3
    end = time.time() + given.seconds
    given.out.mkdir(parents=True, exist_ok=True)
    log = given.out / "parts.jsonl"
    done = {}
    if log.exists():
        done = {part["part"]: part for part in map(json.loads, log.read_text().splitlines())}
    parts = Parts(given.out.resolve(), given.lockstep.split())
    left = False
    for name, run in parts.all():
        if name in done and done[name]["card"] == found:
            continue
        seconds = end - time.time()
        if seconds < 60:
            left = True
            break
        part = {"part": name, "card": found}
        try:
            part.update(run(seconds), good=True)
        except subprocess.TimeoutExpired:
            left = True
            print(f"{name}: not done in {seconds:.0f} s")
            break
        except (RuntimeError, OSError, ValueError, KeyError) as e:
            part.update(good=False, why=re.sub(r"\s+", " ", str(e))[:500])
        done[name] = part
        with log.open("a") as file:
            file.write(json.dumps(part) + "\n")
    print(f"card: {found}")
    for name, part in done.items():
        figure = part.get("images_per_second")
        print(f"{name:28} {'good' if part['good'] else 'NOT GOOD: ' + part['why']}"
              + (f"  {figure:.0f} images/s" if figure else ""))
    if left:
        print("parts are left: run it again")
        return 75
    return 0 if all(part["good"] for part in done.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
