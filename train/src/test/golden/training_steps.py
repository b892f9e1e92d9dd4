"""Makes training-steps.json: 20 steps of k-worker SGD computed by PyTorch, for TrainStepGoldenTest.

    python -m venv venv && venv/bin/pip install torch && venv/bin/python training_steps.py

Weights, pixels and labels come from integer formulas that both sides compute exactly. Everything else is PyTorch's own:
layers, autograd, and torch.optim.SGD for the gradient form (Eq. 9). The velocity form (Eq. 10), which PyTorch lacks, is
written out. Batch statistics are computed from the inputs of the batch-norm layers, not read from their buffers.
"""

import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

CLASSES, WIDTH, SIDE, CHANNELS, N, STEPS, IMAGES = 10, 4, 12, 3, 6, 20, 96
REFERENCE, WARMUP_STEPS, DECAY_STEP, MOMENTUM, WEIGHT_DECAY = 0.05, 10, 15, 0.9, 0.01


def unit(index):
    """An integer hash of index, as a number in [-0.5, 0.5) with 16 bits: exact in float32."""
    x = (index * 2654435761 + 12345) & 0xFFFFFFFF
    x = ((x ^ (x >> 15)) * 2246822519) & 0xFFFFFFFF
    x ^= x >> 13
    return (x >> 16) / 65536 - 0.5


def values(count, start, scale):
    return torch.tensor([unit(start + i) * scale for i in range(count)], dtype=torch.float32)


class Block(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride, self.appended = stride, width - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.appended))
        return F.relu(y + shortcut)


class ResNet8(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(CHANNELS, WIDTH, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.layer1 = nn.Sequential(Block(WIDTH, WIDTH, 1))
        self.layer2 = nn.Sequential(Block(WIDTH, 2 * WIDTH, 2))
        self.layer3 = nn.Sequential(Block(2 * WIDTH, 4 * WIDTH, 2))
        self.fc = nn.Linear(4 * WIDTH, CLASSES)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


def build():
    net, start = ResNet8(), 0
    with torch.no_grad():
        for name, parameter in sorted(net.named_parameters()):
            count = parameter.numel()
            scale = 2 * math.sqrt(3.0 / (count / parameter.shape[0])) if parameter.dim() > 1 else 0.25
            offset = 1.0 if name.endswith("weight") and parameter.dim() == 1 else 0.0
            parameter.copy_((values(count, start, scale) + offset).view_as(parameter))
            start += count
    return net


def dataset():
    pixels = values(IMAGES * CHANNELS * SIDE * SIDE, 1_000_000, 4.0).view(IMAGES, CHANNELS, SIDE, SIDE)
    labels = torch.tensor([int((unit(5_000_000 + i) + 0.5) * CLASSES) for i in range(IMAGES)])
    for i in range(IMAGES):  # a bright row a class, so that there is something to learn
        pixels[i, :, int(labels[i]), :] += 1.0
    return pixels, labels


def rate(step, k):
    scaled = REFERENCE * k
    warm = REFERENCE + (scaled - REFERENCE) * step / WARMUP_STEPS if step < WARMUP_STEPS else scaled
    return warm * (0.1 if step >= DECAY_STEP else 1.0)


def run(k, form, correction, nesterov):
    net, (pixels, labels) = build(), dataset()
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    batch = {}
    for norm in norms:
        norm.momentum = 0.0  # running statistics are ours to update
        norm.register_forward_pre_hook(
            lambda m, x: batch.setdefault(m, []).append(
                (x[0].detach().mean((0, 2, 3)), x[0].detach().var((0, 2, 3), unbiased=True))))
    named = dict(net.named_parameters())
    undecayed = {f"{n}.{p}" for n, m in net.named_modules() if isinstance(m, nn.BatchNorm2d) for p in ("weight", "bias")}
    groups = [
        {"params": [p for n, p in named.items() if n not in undecayed], "weight_decay": WEIGHT_DECAY},
        {"params": [p for n, p in named.items() if n in undecayed], "weight_decay": 0.0},
    ]
    sgd = torch.optim.SGD(groups, lr=1.0, momentum=MOMENTUM, nesterov=nesterov)
    velocity = {p: torch.zeros_like(p) for p in named.values()}
    losses, previous = [], rate(0, k)
    for step in range(STEPS):
        lr = rate(step, k)
        net.zero_grad()
        batch.clear()
        total = 0.0
        for worker in range(k):
            samples = [(step * k * N + worker * N + i) * 5 % IMAGES for i in range(N)]
            loss = F.cross_entropy(net(pixels[samples]), labels[samples]) / k
            loss.backward()
            total += loss.item()
        losses.append(total)
        if form == "gradient":
            for group in sgd.param_groups:
                group["lr"] = lr
            sgd.step()
        else:
            with torch.no_grad():
                for group in groups:
                    for p in group["params"]:
                        g = p.grad + group["weight_decay"] * p
                        c = lr / previous if correction else 1.0
                        velocity[p] = MOMENTUM * c * velocity[p] + lr * g
                        p -= MOMENTUM * velocity[p] + lr * g if nesterov else velocity[p]
        previous = lr
        for norm in norms:
            norm.running_mean.mul_(0.9).add_(sum(m for m, _ in batch[norm]) / k, alpha=0.1)
            norm.running_var.mul_(0.9).add_(sum(v for _, v in batch[norm]) / k, alpha=0.1)
    final = {n: t for n, t in net.state_dict().items() if not n.endswith("num_batches_tracked")}
    return {
        "workers": k, "form": form, "correction": correction, "nesterov": nesterov, "losses": losses,
        "tensors": {n: {"norm": t.double().norm().item(), "first": [float(f"{v:.7g}") for v in t.flatten()[:6].tolist()]} for n, t in final.items()},
    }


if __name__ == "__main__":
    torch.manual_seed(0)
    cases = [run(k, form, correction, nesterov)
             for k in (1, 4)
             for form, correction in (("gradient", True), ("velocity", True), ("velocity", False))
             for nesterov in (True, False)]
    out = pathlib.Path(__file__).parent.parent / "resources" / "dev" / "lockstep" / "train" / "training-steps.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"torch": torch.__version__, "cases": cases}) + "\n")
    print(out, [round(c["losses"][-1], 4) for c in cases])
