"""Makes imagenet-logits.json, imagenet-step.json and the NAME-step.json of other networks: torchvision's networks computed by
PyTorch, for TorchvisionTest and ImageNetStepGoldenTest.

    python -m venv venv && venv/bin/pip install torch torchvision numpy && venv/bin/python imagenet_models.py

Weights, running statistics, pixels and labels come from an integer formula that both sides compute exactly, rounded to
float32. PyTorch then computes in float64: what the goldens hold is the mathematics, and the rounding is all ours. How far
PyTorch's own float32 is from it is printed, to judge the tests' tolerances by.
"""

import json
import math
import pathlib

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

MODELS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "shufflenet_v2_x0_5", "resnext50_32x4d",
          "wide_resnet50_2", "mobilenet_v2")
SIDE, IMAGES, WORKERS = 64, 2, 2
PIXELS, LABELS = 1 << 28, 1 << 29


def unit(start, count):
    """An integer hash of the indices from start, as numbers in [-0.5, 0.5) with 16 bits."""
    x = (np.arange(start, start + count, dtype=np.uint64) * 2654435761 + 12345) & 0xFFFFFFFF
    x = ((x ^ (x >> 15)) * 2246822519) & 0xFFFFFFFF
    x ^= x >> 13
    return (x >> 16).astype(np.float64) / 65536 - 0.5


def fill(tensor, start, scale, offset=0.0):
    values = (unit(start, tensor.numel()) * scale + offset).astype(np.float32)
    tensor.copy_(torch.from_numpy(values).view(tensor.shape))


def build(model):
    """He-like kernels; statistics near those of a trained network; a small last gamma in every residual block, so that
    activations stay of order one over 50 blocks."""
    # A dropout of 0 is none.
    net, start = getattr(torchvision.models, model)(**({"dropout": 0.0} if model == "mobilenet_v2" else {})), 0
    last = {"resnet18": "bn2", "resnet34": "bn2"}.get(model, "bn3")
    with torch.no_grad():
        for name, tensor in sorted(net.state_dict().items()):
            if name.endswith("num_batches_tracked"):
                continue
            if tensor.dim() > 1:
                fill(tensor, start, math.sqrt(24 / (tensor.numel() / tensor.shape[0])))
            elif name.endswith("running_mean") or name.endswith("bias"):
                fill(tensor, start, 0.25)
            elif name.endswith("running_var"):
                fill(tensor, start, 1.0, 1.0)
            else:
                fill(tensor, start, 0.25, 0.25 if name.split(".")[-2] == last and "." in name[: -len(".weight")] else 1.0)
            start += tensor.numel()
    return net


def images(first, count):
    pixels = torch.empty(count, 3, SIDE, SIDE)
    fill(pixels, PIXELS + first * 3 * SIDE * SIDE, 4.0)
    return pixels


def short(value):
    return float(f"{value:.9g}")


def logits(model):
    net, x = build(model).eval(), images(0, IMAGES)
    with torch.no_grad():
        single = net(x)
        exact = net.double()(x.double())
    print(f"{model}: |logits| {exact.norm():.4g}, float32 differs by {(single - exact).norm() / exact.norm():.2g}")
    return {
        "model": model,
        "parameters": sum(p.numel() for p in net.parameters()),
        "state": {name: list(t.shape) for name, t in net.state_dict().items()},
        "norms": [short(row.norm().item()) for row in exact],
        "every25th": [[short(v) for v in row[::25].tolist()] for row in exact],
    }


def step(net, dtype, n):
    """One step of k workers from net: gradients of the minibatch's mean loss, batch statistics averaged over workers."""
    net = net.to(dtype).train()
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    for m in norms:
        m.running_mean.zero_(), m.running_var.zero_()
        m.momentum = None  # the cumulative average of all batches
        m.num_batches_tracked.zero_()
    loss = 0.0
    for worker in range(WORKERS):
        labels = torch.tensor([int((v + 0.5) * 1000) for v in unit(LABELS + worker * n, n)])
        mean = F.cross_entropy(net(images(worker * n, n).to(dtype)), labels)
        (mean / WORKERS).backward()
        loss += mean.item() / WORKERS
    tensors = {name: p.grad for name, p in net.named_parameters()}
    tensors.update({name: b for name, b in net.named_buffers() if not name.endswith("num_batches_tracked")})
    return loss, tensors


def training_step(model, n=4):
    loss, exact = step(build(model), torch.float64, n)
    _, single = step(build(model), torch.float32, n)
    worst = max(((single[name] - t).norm() / t.norm()).item() for name, t in exact.items())
    print(f"{model} step: loss {loss:.6g}, worst tensor of float32 differs by {worst:.2g}")
    return {
        "workers": WORKERS,
        "imagesPerWorker": n,
        "loss": short(loss),
        "tensors": {name: {"norm": short(t.norm().item()), "first": [short(v) for v in t.flatten()[:4].tolist()],
                           "last": [short(v) for v in t.flatten()[-4:].tolist()]} for name, t in exact.items()},
    }


if __name__ == "__main__":
    resources = pathlib.Path(__file__).parent.parent / "resources" / "dev" / "lockstep"
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "side": SIDE}
    for path, content in (
        (resources / "model" / "imagenet-logits.json", {"models": [logits(model) for model in MODELS]}),
        (resources / "model" / "shufflenet-step.json", training_step("shufflenet_v2_x0_5")),
        (resources / "model" / "resnext-step.json", training_step("resnext50_32x4d")),
        (resources / "model" / "wide-resnet-step.json", training_step("wide_resnet50_2")),
        (resources / "model" / "mobilenet-step.json", training_step("mobilenet_v2")),
        (resources / "train" / "imagenet-step.json", training_step("resnet50")),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(versions | content, separators=(",", ":")) + "\n")
        print(path, path.stat().st_size)
