#!/usr/bin/env python3
"""What can only be measured on an NVIDIA card, in parts; continues where it was stopped.

    python3 evidence/gpu.py [--seconds 540] [--out gpu-results] [--python PYTHON]    # needs 'lockstep gpu-setup' before
    python3 evidence/gpu.py --dry-run                                              # the same parts on the CPU, tiny

Each part that ended is a line of OUT/parts.jsonl; if it was good, it is not run again on the same card. The table comes last; OUT/result.json has all
figures. Ends with exit code 0 when all parts are there and good, 1 when one is not, 3 where there is no card, and 75 when the time is
over and parts are left: run it again. Has never run on a card.
"""
import argparse
import array
import glob
import json
import os
import pathlib
import re
import shutil
import statistics
import struct
import subprocess
import sys
import time

HOME = pathlib.Path(__file__).resolve().parent.parent
# Bytes that a step of ResNet-50 moves for an image of 224 x 224, at least: with batch norm, ReLU and sum in one operation.
FUSED_BYTES = 369e6
LEAST_SECONDS = 60

SMALL = """name: gpu-small
epochs: 1
workers: 8
images-per-worker: {n}
data: {{dataset: "synthetic:images=2048,validation=64,shape=3x32x32,classes=10"}}
model: {{name: resnet20}}
"""
LARGE = """name: gpu-{model}
epochs: 1
workers: 8
images-per-worker: {n}
data: {{dataset: {data}{more}}}
model: {{name: {model}}}
precision: {precision}
"""
STUDY = """name: gpu-bf16
title: Does bf16 keep the accuracy of float32?
recipe: {recipe}
set: {{{more}}}
variants:
  - name: float32
    label: float32
  - name: bf16
    label: bf16
    set: {{{precision}}}
seeds: {seeds}
questions:
  - {{kind: matches, variant: bf16, baseline: float32, margin-points: 0.5}}
"""

# Eager, as one CUDA graph, and compiled: the same network, precision and batch.
PYTORCH = """
import json, sys, time, torch, torchvision
mode, precision, n, side, device, model, steps = sys.argv[1:8]
n, side, steps = int(n), int(side), int(steps)
cuda = device == "cuda"
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != "float32"
net = getattr(torchvision.models, model)().to(device, memory_format=torch.channels_last).train()
opt = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
x = torch.randn(n, 3, side, side, device=device).to(memory_format=torch.channels_last)
y = torch.randint(1000, (n,), device=device)
f = torch.compile(net) if mode == "compiled" else net
def step():
    opt.zero_grad(set_to_none=mode != "graph")
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16", cache_enabled=mode != "graph"):
        loss = torch.nn.functional.cross_entropy(f(x), y)
    loss.backward()
    opt.step()
def sync():
    if cuda:
        torch.cuda.synchronize()
run = step
if cuda:
    side_stream = torch.cuda.Stream()
    with torch.cuda.stream(side_stream):
        for _ in range(12):
            step()
    torch.cuda.current_stream().wait_stream(side_stream)
else:
    step()
if mode == "graph" and cuda:
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    run = graph.replay
sync(); t = time.time()
for _ in range(steps):
    run()
sync()
print(json.dumps({"images_per_second": steps * n / (time.time() - t), "torch": torch.__version__}))
"""

BANDWIDTH = """
import json, sys, time, torch
device, size = sys.argv[1], int(sys.argv[2])
a = torch.ones(size, device=device); b = torch.empty_like(a)
def sync():
    if device == "cuda":
        torch.cuda.synchronize()
best = 0
for _ in range(20):
    sync(); t = time.time(); b.copy_(a); sync()
    best = max(best, 8 * size / (time.time() - t))
print(json.dumps({"bytes_per_second": best}))
"""

JPEGS = """
import pathlib, random, sys
from PIL import Image, ImageFilter
folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
random.seed(1)
for part, n in (("train", count), ("val", 64)):
    for i in range(n):
        noise = Image.effect_noise((125, 94), 90).resize((500, 375), Image.BICUBIC)
        image = Image.merge("RGB", [noise, noise.filter(ImageFilter.GaussianBlur(3)), noise.transpose(0)])
        place = folder / part / ("class%d" % (i % 8))
        place.mkdir(parents=True, exist_ok=True)
        image.save(place / ("%06d.jpg" % i), quality=87)
"""


class Failed(RuntimeError):
    """A part that ended badly."""


def call(command, seconds, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL, **more)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Failed(f"exit code {done.returncode}: {lines[-1] if lines else 'no output'}")
    return done.stdout


def last_json(text):
    return json.loads(text.strip().splitlines()[-1])


def weights(folder):
    """The parameters of a run's newest checkpoint, by name."""
    data = pathlib.Path(sorted(glob.glob(str(folder / "checkpoints" / "step-*.safetensors")))[-1]).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    found = {}
    for name, tensor in header.items():
        if name != "__metadata__" and tensor["dtype"] == "F32" and not name.startswith("optimizer."):
            start, end = tensor["data_offsets"]
            found[name] = array.array("f", data[8 + length + start:8 + length + end])
    return found


def distance(one, other):
    """Largest difference of a parameter, of the largest number in it."""
    worst = 0.0
    for name, values in one.items():
        scale = max(1e-3, max(map(abs, values)))
        worst = max(worst, max(abs(a - b) for a, b in zip(values, other[name])) / scale)
    return worst


class Parts:
    """All parts, in their order. With a dry run, sizes are tiny and the device is the CPU."""

    def __init__(self, options, cards):
        self.out = options.out.resolve()
        self.lockstep = options.lockstep.split()
        self.python = options.python
        self.dry = options.dry_run
        self.device = "cpu" if self.dry else "cuda"
        self.cards = cards
        self.small = SMALL.format(n=2 if self.dry else 16)

    # ---- commands

    def train(self, name, recipe, seconds, *options, env=None, device=None):
        folder = self.out / name
        shutil.rmtree(folder, ignore_errors=True)
        file = self.out / f"{name}.yaml"
        file.write_text(recipe)
        call([*self.lockstep, "train", str(file), "--device", device or self.device, "--out", str(folder), *options], seconds,
             env={**os.environ, **(env or {})})
        return json.loads((folder / "result.json").read_text()), folder

    def java(self, main, *arguments, seconds, env=None):
        """A class of the build, as the launcher would start it."""
        target = HOME / "cli" / "target"
        own = ":".join(glob.glob(str(target / "lockstep-cli-*.jar")))
        path = target / ("classpath.txt" if self.dry else "gpu-classpath.txt")
        return call(["java", "-Dorg.bytedeco.javacpp.platform.extension=" + ("" if self.dry else "-gpu"),
                     "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0", "-Dorg.bytedeco.javacpp.maxBytes=0",
                     "-cp", own + ":" + path.read_text().strip(), main, *arguments], seconds,
                    env={**os.environ, "OMP_NUM_THREADS": "1", **(env or {})})

    # ---- correctness

    def doctor(self, seconds):
        return {"text": call([*self.lockstep, "doctor"], seconds, env={**os.environ, "LOCKSTEP_DEVICE": self.device})[-3000:]}

    def agreement(self, fused):
        """A step in float32 on the card and on the CPU."""
        def compare(seconds):
            _, here = self.train("agree-card", self.small, seconds, "--stop-after", "1", env={"LOCKSTEP_CUDA_FUSED": fused})
            _, there = self.train("agree-cpu", self.small, seconds, "--stop-after", "1", device="cpu")
            found = distance(weights(here), weights(there))
            if not found < 1e-4:
                raise Failed(f"a step differs by {found:.1e} from the CPU's")
            return {"difference": found}
        return compare

    def repeats(self, graphs):
        """100 times the same steps in one process whose new memory is not a number; every run must have the same bits."""
        def repeat(seconds):
            file = self.out / "repeat.yaml"
            file.write_text(self.small)
            count = "4" if self.dry else "100"
            text = self.java("dev.lockstep.cli.RepeatCheck", str(file), self.device, count, seconds=seconds,
                             env={"LOCKSTEP_CUDA_POISON": "1", "LOCKSTEP_CUDA_GRAPHS": graphs})
            found = last_json(text)
            if found["different"] != 1 or found["runs"] != int(count):
                raise Failed(f"{found['different']} different weights in {found['runs']} runs")
            return found
        return repeat

    def grid(self, seconds):
        """P x lanes, a run that is killed and resumed, a process that is lost, and float64 on the CPU."""
        (self.out / "small.yaml").write_text(self.small)
        text = call([*self.lockstep, "verify", str(self.out / "small.yaml"), "--device", self.device, "--json",
                     "--steps", "4" if self.dry else "12"], seconds)
        return {"table": json.loads(text)}

    def several(self, seconds):
        """A process on each card: the bits of one process over NCCL, and NCCL's own all-reduce."""
        count = min(self.cards, 4)
        one, _ = self.train("several-1", self.small, seconds, "--stop-after", "3")
        tree, _ = self.train("several-tree", self.small, seconds, "--procs", str(count), "--stop-after", "3")
        _, folder = self.train("several-native", self.small, seconds, "--procs", str(count), "--collective", "native",
                               "--stop-after", "3")
        if one["weights_sha256"] != tree["weights_sha256"]:
            raise Failed(f"P = {count} has other bits than P = 1")
        return {"cards": count, "native_difference": distance(weights(folder), weights(self.out / "several-1"))}

    def full(self, seconds):
        """More than the memory holds: one line that says which number to lower."""
        data = '"synthetic:images=65536,validation=64,shape=3x224x224,classes=1000"'
        recipe = LARGE.format(n=8192, data=data, more="", model="resnet50", precision="float32")
        try:
            self.train("full", recipe, seconds, "--lanes", "8", "--stop-after", "1")
        except Failed as e:
            if "memory is full" in str(e) and "lower --lanes to 4" in str(e):
                return {"said": str(e)}
            raise
        raise Failed("the card's memory held everything")

    # ---- speed

    def large(self, precision, data, more="", times=1):
        return LARGE.format(n=times * (2 if self.dry else 64), data=data, more=more, model="resnet18" if self.dry else "resnet50",
                            precision="float32" if self.dry else precision)

    def measure(self, name, recipe, seconds, *options, env=None):
        result, folder = self.train(name, recipe, seconds, "--stop-after", "3" if self.dry else "24",
                                    "--loader-threads", str(max(1, (os.cpu_count() or 2) - 2)), *options, env=env)
        speeds = []
        for line in (folder / "metrics.jsonl").read_text().splitlines():
            event = json.loads(line)
            if "images_per_second" in event:
                speeds.append(event["images_per_second"])
        late = speeds[1 if self.dry else 8:]
        if not late:
            raise Failed("the run has no steps to measure")
        return {"images_per_second": statistics.median(late), "steps": len(late), "weights": result["weights_sha256"]}

    def synthetic(self, precision, graphs, fused, times=1):
        side, images = (32, 64) if self.dry else (224, 16384)
        data = f'"synthetic:images={images},validation=64,shape=3x{side}x{side},classes=1000"'
        return lambda seconds: self.measure(f"speed-{precision}-{graphs}-{fused}-{times}",
                                            self.large(precision, data, times=times), seconds,
                                            env={"LOCKSTEP_CUDA_GRAPHS": graphs, "LOCKSTEP_CUDA_FUSED": fused})

    def jpeg(self, precision):
        def measure(seconds):
            folder = self.out / "jpegs"
            if not (folder / "val").exists():
                call([self.python, "-c", JPEGS, str(folder), "64" if self.dry else "13000"], seconds)
            more = ", pixels: byte" + (", image-size: 64" if self.dry else "")
            return self.measure(f"jpeg-{precision}", self.large(precision, "imagefolder", more), seconds, "--data", str(folder))
        return measure

    def pytorch(self, mode, precision):
        n, side, model, steps = ("2", "32", "resnet18", "2") if self.dry else ("64", "224", "resnet50", "40")
        return lambda seconds: last_json(call(
            [self.python, "-c", PYTORCH, mode, precision, n, side, self.device, model, steps], seconds))

    def bandwidth(self, seconds):
        return last_json(call([self.python, "-c", BANDWIDTH, self.device, str(1 << (20 if self.dry else 28))], seconds))

    # ---- training

    def fashion(self, seconds):
        recipe = (HOME / "recipes" / "fashion-mnist.yaml").read_text()
        options = ["--stop-after", "2", "--set", "workers=2"] if self.dry else []
        result, _ = self.train("fashion", recipe, seconds, *options)
        return {"validation_top1_error": result.get("validation_top1_error"), "status": result["status"],
                "weights": result["weights_sha256"]}

    def study(self, seconds):
        """Both precisions over five seeds."""
        dry = ("epochs: 1, model.name: resnet8, model.width: 4, data.image-size: 14, "
               "data.dataset: 'synthetic:images=256,validation=64,shape=1x28x28,classes=10', workers: 2, "
               "learning-rate.warmup.kind: none, learning-rate.schedule.kind: constant") if self.dry else ""
        file = self.out / "bf16-study.yaml"
        file.write_text(STUDY.format(recipe=HOME / "recipes" / "fashion-mnist.yaml", more=dry,
                                     precision="batch-norm.momentum: 0.2" if self.dry else "precision: bf16",
                                     seeds="[1, 2]" if self.dry else "[1, 2, 3, 4, 5]"))
        # A study resumes itself.
        folder = self.out / "bf16-study"
        call([*self.lockstep, "study", str(file), "--out", str(folder)], seconds,
             env={**os.environ, "LOCKSTEP_DEVICE": self.device})
        summary = json.loads((folder / "summary.json").read_text())
        return {"answers": summary["answers"], "errors": {
            variant: [run["error"] for run in summary["runs"] if run["variant"] == variant] for variant in ("float32", "bf16")}}

    def all(self):
        yield "doctor", self.doctor
        yield "agreement, fused", self.agreement("1")
        yield "agreement, eager", self.agreement("0")
        yield "repeats", self.repeats("0")
        yield "repeats, graphs", self.repeats("1")
        yield "grid", self.grid
        if self.cards > 1 or self.dry:
            yield "several cards", self.several
        if not self.dry:
            yield "full memory", self.full
        yield "bandwidth", self.bandwidth
        for precision in ("bf16", "tf32"):
            for graphs, fused in (("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")):
                yield f"lockstep {precision} graphs={graphs} fused={fused}", self.synthetic(precision, graphs, fused)
            for mode in ("eager", "graph", "compiled"):
                yield f"pytorch {precision} {mode}", self.pytorch(mode, precision)
            yield f"lockstep {precision} JPEG", self.jpeg(precision)
        yield "twice the images, bf16", self.synthetic("bf16", "0", "1", times=2)
        yield "fashion-mnist", self.fashion
        yield "bf16 study", self.study


def summary(done):
    """The comparisons: of the best of each, and with what the memory allows."""
    lines = []
    for precision in ("bf16", "tf32"):
        best = {}
        for name, part in done.items():
            if part.get("images_per_second") and f" {precision} " in name + " " and "JPEG" not in name:
                kind = name.split()[0]
                if kind in ("lockstep", "pytorch"):
                    best[kind] = max(best.get(kind, 0), part["images_per_second"])
        if len(best) == 2:
            lines.append((f"{precision}: of PyTorch's best", best["lockstep"] / best["pytorch"], "aim: at least 1.00"))
        twice = done.get(f"twice the images, {precision}", {}).get("images_per_second")
        once = done.get(f"lockstep {precision} graphs=0 fused=1", {}).get("images_per_second")
        if twice and once:
            lines.append((f"{precision}: twice the images a worker", twice / once, "above 1.05, workers-per-group pays"))
        bandwidth = done.get("bandwidth", {}).get("bytes_per_second")
        if bandwidth and "lockstep" in best and precision == "bf16":
            lines.append(("bf16: of the memory roofline", best["lockstep"] * FUSED_BYTES / bandwidth, "aim: at least 0.70"))
    return lines


def card():
    try:
        text = call(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], 60)
    except (OSError, Failed, subprocess.TimeoutExpired):
        return []
    return text.strip().splitlines()


def known(log, found):
    """The parts of this card that were good. A line that was cut off when the machine was lost does not count."""
    done = {}
    if log.exists():
        for line in log.read_text().splitlines():
            try:
                part = json.loads(line)
            except ValueError:
                continue
            if part.get("card") == found and part["good"]:
                done[part["part"]] = part
    return done


def show(found, done):
    print(f"card: {found}")
    for name, part in done.items():
        figure = part.get("images_per_second")
        words = "good" if part["good"] else "NOT GOOD: " + part["why"]
        print(f"{name:34} {words}" + (f", {figure:.0f} images/s" if figure else "") + f", {part['seconds']:.0f} s")
    for name, ratio, aim in summary(done):
        print(f"{name:34} {ratio:.2f} ({aim})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lockstep", default=str(HOME / "lockstep"))
    parser.add_argument("--python", default=sys.executable, help="a Python with torch and torchvision")
    parser.add_argument("--seconds", type=int, default=540)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("gpu-results"))
    parser.add_argument("--dry-run", action="store_true", help="all parts on the CPU, tiny: shows nothing about a card")
    options = parser.parse_args()
    cards = ["none: a dry run on the CPU"] * 2 if options.dry_run else card()
    if not cards:
        print("no NVIDIA card: nvidia-smi finds none; nothing was measured")
        return 3
    found = cards[0]
    end = time.time() + options.seconds
    options.out.mkdir(parents=True, exist_ok=True)
    log = options.out / "parts.jsonl"
    done = known(log, found)
    left = []
    for name, run in Parts(options, len(cards)).all():
        if name in done:
            continue
        seconds = end - time.time()
        if left or seconds < LEAST_SECONDS:
            left.append(name)
            continue
        started = time.time()
        part = {"part": name, "card": found}
        try:
            part.update(run(seconds), good=True)
        except subprocess.TimeoutExpired:
            print(f"{name}: not done in {seconds:.0f} s", flush=True)
            left.append(name)
            continue
        except (Failed, OSError, ValueError, KeyError, IndexError) as e:
            part.update(good=False, why=re.sub(r"\s+", " ", f"{type(e).__name__}: {e}")[:500])
        part["seconds"] = time.time() - started
        done[name] = part
        with log.open("a") as file:
            file.write(json.dumps(part) + "\n")
    result = {"card": found, "cards": len(cards), "parts": list(done.values()), "left": left,
              "summary": [{"name": name, "ratio": ratio, "aim": aim} for name, ratio, aim in summary(done)]}
    (options.out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    show(found, done)
    if left:
        print("left, run it again: " + ", ".join(left))
        return 75
    return 0 if all(part["good"] for part in done.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
