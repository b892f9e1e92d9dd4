"""Makes lars-steps.json for LarsTest: some steps of LARS in float64, one layer after another.

    python -m venv venv && venv/bin/pip install numpy && venv/bin/python lars_steps.py

torch.optim has no LARS, so the rule is written down here from the paper (You, Gitman, Ginsburg 2017, arXiv 1708.03888), with
the learning rate outside the momentum. Inputs are rounded to float32, so that both sides start from the same numbers.
"""

import json
import pathlib

import numpy as np

STEPS, MOMENTUM, WEIGHT_DECAY, TRUST, EPSILON = 6, 0.9, 0.01, 0.02, 0.001
RATES = [0.5, 1.0, 1.5, 1.5, 0.15, 0.15]
# name, floats, decayed, scale of the weights, scale of the gradients
LAYERS = [
    ("kernel", 36, True, 0.5, 0.1),
    ("tiny-gradient", 7, True, 2.0, 1e-5),
    ("tiny-weights", 16, True, 1e-4, 3.0),
    ("zero-weights", 5, True, 0.0, 0.2),
    ("zero-gradient", 20, True, 0.3, 0.0),
    ("bias", 4, False, 0.1, 0.2),
    ("gamma", 3, False, 1.0, 0.05),
]


def single(array):
    return array.astype(np.float32).astype(np.float64)


def layer(random, floats, decayed, weight_scale, gradient_scale):
    w = single(weight_scale * random.standard_normal(floats))
    u = np.zeros(floats)
    made = {"start": w.tolist(), "gradients": []}
    for rate in RATES:
        g = single(gradient_scale * random.standard_normal(floats))
        made["gradients"].append(g.tolist())
        if decayed:
            w_norm, g_norm = np.linalg.norm(w), np.linalg.norm(g)
            trust = TRUST * w_norm / (g_norm + WEIGHT_DECAY * w_norm + EPSILON) if w_norm > 0 and g_norm > 0 else 1.0
            u = MOMENTUM * u + trust * (g + WEIGHT_DECAY * w)
        else:
            u = MOMENTUM * u + g
        w = w - rate * u
    return made | {"end": w.tolist(), "momentum": u.tolist()}


if __name__ == "__main__":
    random = np.random.default_rng(1)
    layers = [
        {"name": name, "decayed": decayed, **layer(random, floats, decayed, weight_scale, gradient_scale)}
        for name, floats, decayed, weight_scale, gradient_scale in LAYERS
    ]
    golden = {
        "numpy": np.__version__, "momentum": MOMENTUM, "weightDecay": WEIGHT_DECAY, "trust": TRUST, "epsilon": EPSILON,
        "rates": RATES, "layers": layers,
    }
    out = pathlib.Path(__file__).parent.parent / "resources" / "dev" / "lockstep" / "optim" / "lars-steps.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(golden) + "\n")
    print(out, [round(float(np.linalg.norm(l["end"])), 4) for l in layers])
