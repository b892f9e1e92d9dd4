"""Makes the small files of torch.save that WeightsTest reads.

    python -m venv venv && venv/bin/pip install torch numpy && venv/bin/python torch_files.py

Element i of every tensor, in row-major order of what PyTorch shows, is i / 4 - 1, which every floating type holds exactly.
"""

import collections
import pathlib
import pickle
import zipfile

import torch

OUT = pathlib.Path(__file__).parent.parent / "resources" / "dev" / "lockstep" / "checkpoint"


def values(*shape, dtype=torch.float32):
    count = 1
    for side in shape:
        count *= side
    return (torch.arange(count, dtype=torch.float64) / 4 - 1).reshape(shape).to(dtype)


def channels_last(tensor):
    return tensor.contiguous(memory_format=torch.channels_last)


def transposed(tensor):
    return tensor.t().contiguous().t()


def tensors():
    shared = torch.cat([torch.full((5,), 99.0), values(2, 3).flatten(), torch.full((3,), 77.0)])
    return collections.OrderedDict(
        [
            ("plain", values(2, 3)),
            ("parameter", torch.nn.Parameter(values(4))),
            ("channels_last", channels_last(values(2, 3, 2, 2))),
            ("transposed", transposed(values(3, 4))),
            ("offset", shared[5:11].view(2, 3)),
            ("strided", torch.stack([values(4), torch.zeros(4)], 1)[:, 0]),
            ("shares_offset", shared[5:9]),
            ("half", values(7, dtype=torch.float16)),
            ("bfloat16", values(7, dtype=torch.bfloat16)),
            ("double", values(7, dtype=torch.float64)),
            ("empty", values(0, 3)),
            ("bn.num_batches_tracked", torch.tensor(12345678901)),
            ("int32", torch.tensor([-1, 2**31 - 1], dtype=torch.int32)),
            ("bytes", torch.tensor([0, 255], dtype=torch.uint8)),
            ("flags", torch.tensor([True, False])),
        ]
    )


class Evil:
    def __reduce__(self):
        import os

        return os.system, ("touch evil-was-run",)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    torch.save(tensors(), OUT / "state-dict.pt")
    torch.save(tensors(), OUT / "state-dict-stream.pt", _use_new_zipfile_serialization=False)

    net = torch.nn.Linear(3, 2)
    with torch.no_grad():
        net.weight.copy_(values(2, 3))
        net.bias.copy_(values(2))
    sgd = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(torch.ones(1, 3)).sum().backward()
    wrapped = collections.OrderedDict(("module." + name, t.clone()) for name, t in net.state_dict().items())
    sgd.step()
    saved = {"epoch": 3, "arch": "linear", "state_dict": wrapped, "best_acc1": torch.tensor(71.5),
             "optimizer": sgd.state_dict(), "lr": 0.1, "done": None}
    torch.save(saved, OUT / "training-checkpoint.pt", pickle_protocol=4)
    torch.save({"model": wrapped, "epoch": 3}, OUT / "training-checkpoint-stream.pt", _use_new_zipfile_serialization=False)
    torch.save(net, OUT / "whole-module.pt")

    with zipfile.ZipFile(OUT / "evil.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight": Evil()}, protocol=2))
        archive.writestr("archive/version", "3\n")
    for path in sorted(OUT.glob("*.pt")):
        print(path.name, path.stat().st_size)
