"""The time of a step of PyTorch's DistributedDataParallel: 2 processes x 32 random images, one thread each, gloo.

    python ddp.py NETWORK WAY [STEPS]

NETWORK is resnet20 (28 px, one channel, 10 classes), resnet50 or mobilenet_v2 (torchvision's, 224 px). WAY is

    stock      as the tutorials have it: contiguous memory, eager
    tuned      channels last, buckets as views of gradients, a static graph
    compiled   tuned, and torch.compile

Prints the median time of the steps after the first quarter, in ms, and the peak memory of both processes, in MB. The settings of the
allocator are those of the environment; benchmarks/engines.sh runs it with and without Lockstep's.
"""
import os
import resource
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

N = 32
PORT = "29611"
STEPS = {"resnet20": 60, "resnet50": 6, "mobilenet_v2": 12}


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


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layers = nn.Sequential(
            Block(16, 16, 1), Block(16, 16, 1), Block(16, 16, 1),
            Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1),
            Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.layers(F.relu(self.bn1(self.conv1(x)))).mean((2, 3)))


def build(network):
    if network == "resnet20":
        return ResNet20(), (1, 28, 28), 10
    import torchvision
    return getattr(torchvision.models, network)(), (3, 224, 224), 1000


def process(rank, network, way, steps):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=PORT)
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    torch.manual_seed(1)
    net, shape, classes = build(network)
    x = torch.randn(N, *shape)
    if way != "stock":
        net = net.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    y = torch.randint(classes, (N,))
    more = {} if way == "stock" else {"gradient_as_bucket_view": True, "static_graph": True}
    model = nn.parallel.DistributedDataParallel(net, **more)
    if way == "compiled":
        model = torch.compile(model)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, weight_decay=1e-4)
    seconds = []
    for _ in range(steps):
        started = time.perf_counter()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        loss.item()
        seconds.append(time.perf_counter() - started)
    peak = torch.tensor([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024])
    torch.distributed.all_reduce(peak)
    if rank == 0:
        print(f"{1000 * statistics.median(seconds[steps // 4:]):.1f} {peak.item():.0f}")
    torch.distributed.destroy_process_group()


def main():
    network, way = sys.argv[1:3]
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else STEPS[network]
    torch.multiprocessing.spawn(process, (network, way, steps), nprocs=2)


if __name__ == "__main__":
    main()
