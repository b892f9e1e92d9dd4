"""A cable between two network devices that carries each frame after a delay; see the scenario launchers. Arguments: the names of the two
devices, which it makes, and the delay in ms. The devices exist until it ends."""

import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
TAP_WITHOUT_HEADER = 0x1002
LARGEST_FRAME = 65536


def device(name):
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", name.encode(), TAP_WITHOUT_HEADER))
    return file


def main(first, second, delay):
    ends = (device(first), device(second))
    print("ready", flush=True)
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    frames = collections.deque()
    while True:
        wait = max(0, frames[0][0] - time.monotonic()) if frames else None
        for end in select.select(ends, [], [], wait)[0]:
            try:
                while True:
                    frame = os.read(end, LARGEST_FRAME)
                    frames.append((time.monotonic() + delay, other[end], frame))
            except BlockingIOError:
                pass
        while frames and frames[0][0] <= time.monotonic():
            _, end, frame = frames.popleft()
            try:
                os.write(end, frame)
            except OSError:
                pass  # The device is down, or its queue is full: the frame is lost.


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1000)
