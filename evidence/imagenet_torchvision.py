"""Checks exported ResNet-50 weights with torchvision; see the scenario imagenet. Arguments: the folder with resnet50.safetensors,
resnet50.pt and our predictions of both, then the images that were predicted."""

import json
import os
import sys

import torch
from PIL import Image
from safetensors.torch import load_file
from torchvision import models, transforms

# Of the logarithms of all 1000 probabilities.
TOLERANCE = 1e-5


def main(folder, files):
    prepare = transforms.Compose([
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    images = torch.stack([prepare(Image.open(file).convert("RGB")) for file in files])
    states = {
        "safetensors": load_file(os.path.join(folder, "resnet50.safetensors")),
        "pt": torch.load(os.path.join(folder, "resnet50.pt"), weights_only=True),
    }
    for name, state in states.items():
        network = models.resnet50()
        network.load_state_dict(state, strict=True)
        network.eval()
        with torch.no_grad():
            expected = torch.log_softmax(network(images).double(), 1)
        with open(os.path.join(folder, name + ".json")) as ours:
            predictions = [sorted(image["predictions"], key=lambda p: p["class"]) for image in json.load(ours)]
        actual = torch.tensor([[p["probability"] for p in image] for image in predictions]).double().log()
        difference = (actual - expected).abs().max().item()
        print(f"           .{name}: strict load, largest difference {difference:.1e}, spread of the logits "
              f"{(expected.max() - expected.min()).item():.2f}")
        if not difference < TOLERANCE:
            sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
