"""torchvision's and Pillow's images per second of CPU time on a folder of JPEG files, one thread; see photographs.sh.

With --make FOLDER SOURCE… makes the folder: each source photograph as a 500 x 375 JPEG of quality 92, the usual size in
ImageNet.
"""

import glob
import io
import os
import sys
import time

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.io import decode_jpeg
from torchvision.transforms import v2

ROUNDS = 5
IMAGES = 450
BATCH, BATCHES = 32, 20


def make(folder, sources):
    os.makedirs(folder, exist_ok=True)
    for i, source in enumerate(sources):
        image = Image.open(source).convert("RGB")
        width, height = image.size
        wide = min(width, height * 4 // 3)
        high = min(height, width * 3 // 4)
        left, top = (width - wide) // 2, (height - high) // 2
        cut = image.crop((left, top, left + wide, top + high)).resize((500, 375), Image.Resampling.BICUBIC)
        cut.save(os.path.join(folder, f"{i:03d}.jpg"), quality=92)


def measure(name, files, work):
    best = 0
    for _ in range(ROUNDS):
        start = time.process_time()
        for i in range(IMAGES):
            work(files[i % len(files)])
        best = max(best, IMAGES / (time.process_time() - start))
    print(f"{name:50} {best:6.0f} images/s of CPU")


class Folder(Dataset):
    """The files, repeated, read as torchvision's ImageFolder does."""

    def __init__(self, paths, transform):
        self.paths, self.transform = paths, transform

    def __len__(self):
        return BATCHES * BATCH

    def __getitem__(self, index):
        with open(self.paths[index % len(self.paths)], "rb") as file:
            return self.transform(Image.open(file).convert("RGB")), 0


def load(paths, transform, workers):
    """Uses CPU time where this process does the work, wall time where others do."""
    clock = time.perf_counter if workers else time.process_time
    loader = DataLoader(Folder(paths, transform), BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
    best = 0
    for _ in range(ROUNDS):
        start = clock()
        for _ in loader:
            pass
        best = max(best, BATCHES * BATCH / (clock() - start))
    name = f"torchvision: DataLoader, training, workers = {workers}"
    print(f"{name:50} {best:6.0f} images/s of {'wall time' if workers else 'CPU'}")


def light(image):
    """The PCA lighting of AlexNet, which torchvision does not have."""
    values = torch.tensor([0.2175, 0.0188, 0.0045])
    vectors = torch.tensor([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
    return image + (vectors @ (0.1 * torch.randn(3) * values)).view(3, 1, 1)


def second_version(files):
    """torchvision's own decoder and its newer transforms, on bytes and on Pillow's images."""
    tensors = [torch.frombuffer(bytearray(file), dtype=torch.uint8) for file in files]
    crop = [v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip()]
    jitter = v2.ColorJitter(0.4, 0.4, 0.4)
    floats = v2.ToDtype(torch.float32, scale=True)
    normalize = v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    for name, color in (("training", []), ("training + jitter + lighting", [jitter])):
        lighting = [v2.Lambda(light)] if color else []
        bytes_first = v2.Compose([*crop, *color, floats, *lighting, normalize])
        pillow_first = v2.Compose([*crop, *color, v2.ToImage(), floats, *lighting, normalize])
        measure(f"decode_jpeg, v2: {name}", tensors, lambda file, f=bytes_first: f(decode_jpeg(file)))
        measure(
            f"Pillow, v2: {name}",
            files,
            lambda file, f=pillow_first: f(Image.open(io.BytesIO(file)).convert("RGB")),
        )
    measure("decode_jpeg", tensors, decode_jpeg)


def main(folder):
    torch.set_num_threads(1)
    files = []
    paths = sorted(glob.glob(os.path.join(folder, "*.jpg")))
    for path in paths:
        with open(path, "rb") as file:
            files.append(file.read())
    normalize = [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    training = transforms.Compose([transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), *normalize])
    evaluation = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), *normalize])
    second_version(files)
    measure("Pillow: decode", files, lambda f: Image.open(io.BytesIO(f)).convert("RGB"))
    measure("torchvision: decode + evaluation", files, lambda f: evaluation(Image.open(io.BytesIO(f)).convert("RGB")))
    measure("torchvision: decode + training", files, lambda f: training(Image.open(io.BytesIO(f)).convert("RGB")))
    load(paths, training, 0)
    load(paths, training, 2)


if __name__ == "__main__":
    if sys.argv[1] == "--make":
        make(sys.argv[2], sys.argv[3:])
    else:
        main(sys.argv[1])
