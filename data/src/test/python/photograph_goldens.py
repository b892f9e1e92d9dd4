"""Makes photographs.json: what torchvision (on Pillow) makes of real photographs, at a grid of pixels.

Usage: photograph_goldens.py FOLDER > ../resources/dev/lockstep/image/transform/photographs.json

FOLDER is /usr/share/backgrounds where the Debian packages lomiri-wallpapers-16.04 (CC-BY, CC-BY-SA) and mate-backgrounds
(GPL-2+) are installed. Needs Pillow and torchvision. The random crops come from a second implementation of the project's
random streams, written here from their description.
"""

import base64
import glob
import hashlib
import json
import math
import os
import sys

import numpy
from PIL import Image
from torchvision.transforms import functional

SIDE = 224
GRID = range(8, SIDE, 16)
KEYS = (1, 2)
MASK = (1 << 64) - 1


class KeyedRandom:
    def __init__(self, *keys):
        self.state = 0x6C6F636B73746570
        for key in keys:
            self.state = self.mix((self.state + 0x9E3779B97F4A7C15 & MASK) ^ self.mix(key + 0x9E3779B97F4A7C15 & MASK))

    @staticmethod
    def mix(z):
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        return z ^ z >> 31

    def next_long(self):
        self.state = self.state + 0x9E3779B97F4A7C15 & MASK
        return self.mix(self.state)

    def next_int(self, bound):
        while True:
            product = (self.next_long() >> 32) * bound
            if product & 0xFFFFFFFF >= (1 << 32) % bound:
                return product >> 32

    def next_double(self, low, high):
        return low + (self.next_long() >> 11) * 2.0**-53 * (high - low)

    def next_boolean(self):
        return self.next_long() >> 63 == 1


def random_crop(width, height, random):
    """torchvision.transforms.RandomResizedCrop.get_params with another source of numbers."""
    for _ in range(10):
        area = width * height * random.next_double(0.08, 1)
        aspect = math.exp(random.next_double(math.log(3 / 4), math.log(4 / 3)))
        w = round(math.sqrt(area * aspect))
        h = round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            top = random.next_int(height - h + 1)
            left = random.next_int(width - w + 1)
            return top, left, h, w
    raise NotImplementedError("the fallback is tested elsewhere")


def sampled(image):
    values = numpy.asarray(image)[numpy.ix_(GRID, GRID)]
    return base64.b64encode(values.tobytes()).decode()


def evaluation(image):
    return functional.center_crop(functional.resize(image, 256), SIDE)


def training(image, key):
    random = KeyedRandom(key)
    top, left, height, width = random_crop(*image.size, random)
    cut = functional.resized_crop(image, top, left, height, width, [SIDE, SIDE])
    return functional.hflip(cut) if random.next_boolean() else cut


def main(folder):
    photographs = []
    names = sorted(glob.glob("*_by_*.jpg", root_dir=folder) + glob.glob("mate/nature/*.jpg", root_dir=folder))
    for name in names:
        path = os.path.join(folder, name)
        image = Image.open(path).convert("RGB")
        with open(path, "rb") as file:
            sha256 = hashlib.sha256(file.read()).hexdigest()
        photographs.append(
            {
                "name": name,
                "sha256": sha256,
                "evaluation": sampled(evaluation(image)),
                "training": {str(key): sampled(training(image, key)) for key in KEYS},
            }
        )
    json.dump(photographs, sys.stdout, indent=0)
    print()


if __name__ == "__main__":
    main(sys.argv[1])
