"""What a PyTorch user would write for photographs in class folders; see the scenario photographs. Commands:

  tune FOLDER SIDE MINIBATCH                       prints the best of eight rates for 256 images, 120 steps each
  train FOLDER SIDE MINIBATCH EPOCHS RATE SEED...  prints the validation error in percent after the last epoch, by seed
  check WEIGHTS SIDE PREDICTIONS IMAGE             loads an exported network and compares its predictions of an image

FOLDER has train/CLASS and val/CLASS. Networks are torchvision's resnet18 with its own initial weights.
"""

import json
import math
import sys

import torch
from PIL import Image
from torch.nn.functional import cross_entropy
from torchvision import datasets, models, transforms

NORMALIZE = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
# Of the logarithms of all probabilities: both scale the photograph, and round its pixels differently.
TOLERANCE = 1e-2


class Cached(datasets.ImageFolder):
    """Decodes each file once."""

    def __init__(self, folder, transform):
        super().__init__(folder, transform)
        self.images = [(self.loader(path), label) for path, label in self.samples]

    def __getitem__(self, index):
        image, label = self.images[index]
        return self.transform(image), label


def training_set(folder, side):
    return Cached(folder + "/train", transforms.Compose([
        transforms.RandomResizedCrop(side), transforms.RandomHorizontalFlip(), transforms.ToTensor(), NORMALIZE]))


def evaluation(side):
    return transforms.Compose([
        transforms.Resize(side * 256 // 224), transforms.CenterCrop(side), transforms.ToTensor(), NORMALIZE])


def steps(images, minibatch, rate, count, factor, seed):
    """Trains for so many steps, and returns the network and its losses; factor scales the rate at a part of the run."""
    torch.manual_seed(seed)
    network = models.resnet18(num_classes=len(images.classes))
    optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)
    loader = torch.utils.data.DataLoader(images, minibatch, shuffle=True, drop_last=True)
    losses = []
    while len(losses) < count:
        for pixels, labels in loader:
            optimizer.param_groups[0]["lr"] = rate * factor(len(losses) / count)
            loss = cross_entropy(network(pixels), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == count:
                break
    return network, losses


def tune(folder, side, minibatch):
    images = training_set(folder, side)
    best = (math.inf, 0)
    for i in range(8):
        rate = 0.0125 * 128 ** (i / 7)
        _, losses = steps(images, minibatch, rate * minibatch / 256, 120, lambda done: 1 if done < 2 / 3 else 0.1, 0)
        loss = sum(losses[100:]) / 20
        print(f"rate {rate:.4g} loss {loss:.4f}", file=sys.stderr)
        if loss < best[0]:
            best = (loss, rate)
    print(f"{best[1]:.4g}")


def train(folder, side, minibatch, epochs, rate, *seeds):
    images = training_set(folder, side)
    validation = Cached(folder + "/val", evaluation(side))
    count = epochs * (len(images) // minibatch)
    for seed in seeds:
        network, _ = steps(
            images, minibatch, rate * minibatch / 256, count, lambda done: (1 + math.cos(math.pi * done)) / 2, int(seed))
        network.eval()
        with torch.no_grad():
            wrong = sum((network(pixels).argmax(1) != labels).sum().item()
                        for pixels, labels in torch.utils.data.DataLoader(validation, 50))
        print(f"{100 * wrong / len(validation):.4f}", flush=True)


def check(weights, side, predictions, image):
    with open(predictions) as file:
        ours = json.load(file)[0]["predictions"]
    network = models.resnet18(num_classes=len(ours))
    network.load_state_dict(torch.load(weights, weights_only=True), strict=True)
    network.eval()
    with torch.no_grad():
        pixels = evaluation(side)(Image.open(image).convert("RGB"))
        theirs = torch.log_softmax(network(pixels[None]).double(), 1)[0]
    difference = max(abs(math.log(p["probability"]) - theirs[p["class"]].item()) for p in ours)
    print(f"strict load, largest difference of log-probabilities {difference:.1e}")
    if not difference < TOLERANCE:
        sys.exit(1)


if __name__ == "__main__":
    command, place, *numbers = sys.argv[1:]
    if command == "check":
        check(place, int(numbers[0]), *numbers[1:])
    else:
        {"tune": tune, "train": train}[command](place, *(float(n) if "." in n else int(n) for n in numbers))
