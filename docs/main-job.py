#!/usr/bin/env python3
"""Draws docs/main-job.svg from the metrics of a run: docs/main-job.py RUN > docs/main-job.svg"""
import json
import sys

WIDTH, HEIGHT = 780, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 170, 46, 28
TOP_ERROR = 0.9
WINDOW = 25

run = sys.argv[1]
lines = [json.loads(line) for line in open(f"{run}/metrics.jsonl", encoding="utf-8")]
steps = [line for line in lines if line["type"] == "step"]
epochs = [line for line in lines if line["type"] == "epoch"]
result = json.load(open(f"{run}/result.json", encoding="utf-8"))
last = steps[-1]["step"]


def x(step):
    return LEFT + (WIDTH - LEFT - RIGHT) * step / last


def y(error):
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(error, TOP_ERROR) / TOP_ERROR)


def path(points):
    return "M" + " ".join(f"{a:.1f},{b:.1f}" for a, b in points)


smooth = []
for i, step in enumerate(steps):
    window = steps[max(0, i - WINDOW + 1) : i + 1]
    smooth.append((x(step["step"]), y(sum(s["train_top1_error"] for s in window) / len(window))))
smooth = [point for i, point in enumerate(smooth) if i % 3 == 0 or i == len(smooth) - 1]
validation = [(x(e["step"]), y(e["validation_top1_error"]), e["validation_top1_error"]) for e in epochs]

out = []
out.append(
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
    'font-family="ui-sans-serif, system-ui, sans-serif" font-size="12" role="img" '
    'aria-label="Training and validation error of the main job over its steps">'
)
out.append(
    "<style>.t{fill:#24292f}.m{fill:#57606a}.g{stroke:#d0d7de}.a{stroke:#0969da;fill:none}.v{fill:#cf222e}"
    "@media(prefers-color-scheme:dark){.t{fill:#e6edf3}.m{fill:#8b949e}.g{stroke:#30363d}.a{stroke:#58a6ff}"
    ".v{fill:#ff7b72}}</style>"
)
out.append(
    f'<text class="t" x="{LEFT}" y="18" font-size="14" font-weight="600">Error on Fashion-MNIST, '
    f'{result["workers"]} workers × {result["images_per_worker"]} images</text>'
)
out.append(
    f'<text class="m" x="{LEFT}" y="35">./lockstep train recipes/fashion-mnist.yaml: {result["steps"]} steps, '
    f'{result["epochs"]} epochs</text>'
)
for percent in (0, 15, 30, 45, 60, 75, 90):
    at = y(percent / 100)
    out.append(f'<line class="g" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
    out.append(f'<text class="m" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{percent} %</text>')
for number, epoch in enumerate(epochs, 1):
    at = x(epoch["step"])
    out.append(f'<line class="g" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke-dasharray="2 3"/>')
    out.append(f'<text class="m" x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">epoch {number}</text>')
out.append(f'<path class="a" stroke-width="1.6" d="{path(smooth)}"/>')
for at, level, error in validation:
    out.append(f'<circle class="v" cx="{at:.1f}" cy="{level:.1f}" r="4"/>')
    out.append(
        f'<text class="v" x="{at:.1f}" y="{level - 9:.1f}" text-anchor="middle" font-weight="600">{100 * error:.1f}</text>'
    )
label = WIDTH - RIGHT + 34
out.append(f'<line class="a" stroke-width="1.6" x1="{label}" x2="{label + 16}" y1="{TOP + 16}" y2="{TOP + 16}"/>')
out.append(f'<text class="t" x="{label + 22}" y="{TOP + 20}">training</text>')
out.append(f'<text class="m" x="{label + 22}" y="{TOP + 35}">mean of {WINDOW} steps</text>')
out.append(f'<circle class="v" cx="{label + 8}" cy="{TOP + 56}" r="4"/>')
out.append(f'<text class="t" x="{label + 22}" y="{TOP + 60}">validation</text>')
out.append("</svg>")
print("\n".join(out))
