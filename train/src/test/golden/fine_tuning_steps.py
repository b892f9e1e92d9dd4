"""Makes fine-tuning-steps.json: 20 steps of fine-tuning computed by PyTorch, for TrainStepGoldenTest.

    python -m venv venv && venv/bin/pip install torch && venv/bin/python fine_tuning_steps.py

The network, data and schedule are those of training_steps.py. Frozen layers have requires_grad = False, and their batch norms
are in eval mode; learning-rate factors are param groups of torch.optim.SGD.
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

from training_steps import MOMENTUM, N, IMAGES, STEPS, WEIGHT_DECAY, build, dataset, rate

CASES = [
    {"frozen": ["conv1", "bn1", "layer1"], "factors": {}},
    {"frozen": ["layer2.0.bn1", "layer3.0.conv2"], "factors": {}},
    {"frozen": [], "factors": {"layer1": 0.1, "layer2": 0.5, "layer2.0.conv1": 0.25, "fc": 2.0}},
    {"frozen": ["conv1", "bn1"], "factors": {"conv1": 3.0, "layer3": 0.25}},
]


def within(name, layer):
    return name == layer or name.startswith(layer + ".")


def run(k, nesterov, case):
    net, (pixels, labels) = build(), dataset()
    frozen = lambda name: any(within(name, layer) for layer in case["frozen"])
    modules = {n: m for n, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)}
    batch = {}
    for name, norm in modules.items():
        norm.momentum = 0.0  # running statistics are ours to update
        if frozen(name):
            norm.eval()
        else:
            norm.register_forward_pre_hook(
                lambda m, x: batch.setdefault(m, []).append(
                    (x[0].detach().mean((0, 2, 3)), x[0].detach().var((0, 2, 3), unbiased=True))))
    groups = []
    for name, parameter in net.named_parameters():
        if frozen(name):
            parameter.requires_grad_(False)
            continue
        layers = [layer for layer in case["factors"] if within(name, layer)]
        owner = name.rsplit(".", 1)[0]
        groups.append({
            "params": [parameter],
            "weight_decay": 0.0 if owner in modules else WEIGHT_DECAY,
            "factor": case["factors"][max(layers, key=len)] if layers else 1.0,
        })
    sgd = torch.optim.SGD(groups, lr=1.0, momentum=MOMENTUM, nesterov=nesterov)
    losses = []
    for step in range(STEPS):
        net.zero_grad()
        batch.clear()
        total = 0.0
        for worker in range(k):
            samples = [(step * k * N + worker * N + i) * 5 % IMAGES for i in range(N)]
            loss = F.cross_entropy(net(pixels[samples]), labels[samples]) / k
            loss.backward()
            total += loss.item()
        losses.append(total)
        for group in sgd.param_groups:
            group["lr"] = rate(step, k) * group["factor"]
        sgd.step()
        for norm, seen in batch.items():
            norm.running_mean.mul_(0.9).add_(sum(m for m, _ in seen) / k, alpha=0.1)
            norm.running_var.mul_(0.9).add_(sum(v for _, v in seen) / k, alpha=0.1)
    final = {n: t for n, t in net.state_dict().items() if not n.endswith("num_batches_tracked")}
    return {
        "workers": k, "form": "gradient", "correction": True, "nesterov": nesterov, **case, "losses": losses,
        "tensors": {n: {"norm": t.double().norm().item(), "first": [float(f"{v:.7g}") for v in t.flatten()[:6].tolist()]} for n, t in final.items()},
    }


if __name__ == "__main__":
    cases = [run(k, nesterov, case) for k, nesterov in ((1, True), (4, False)) for case in CASES]
    out = pathlib.Path(__file__).parent.parent / "resources" / "dev" / "lockstep" / "train" / "fine-tuning-steps.json"
    out.write_text(json.dumps({"torch": torch.__version__, "cases": cases}) + "\n")
    print(out, [round(c["losses"][-1], 4) for c in cases])
