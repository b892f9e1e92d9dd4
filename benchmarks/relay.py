"""A network with delay for kernels without `tc netem`: carries packets between network namespaces, each one late.

    python3 relay.py DELAY_MS PREFIX COUNT

Namespace PREFIX<i> (i from 0) has a TUN device `tun0` with the address 10.77.0.<i + 1>. Every packet waits DELAY_MS from when
it is read to when it is written, so a round trip takes twice that and what this process itself costs.
"""

import collections
import ctypes
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
TUNSETOFFLOAD = 0x400454D0
IFF_TUN_NO_PI_VNET_HDR = 0x5001
# Packets pass with the kernel's notes on them (a virtio header), so that nobody computes checksums or cuts large ones.
TUN_F_CSUM_TSO4 = 0x3
NOTES = 10


def device(namespace):
    """Opens tun0 of a namespace; this process ends up in that namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/var/run/netns/{namespace}") as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace {namespace}")
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN_NO_PI_VNET_HDR))
    fcntl.ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM_TSO4)
    return fd


def relay(delay, devices):
    waiting = collections.deque()
    while True:
        # select, and not epoll, because it waits for less than a millisecond.
        timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for fd in select.select(devices, [], [], timeout)[0]:
            try:
                for _ in range(16):
                    packet = os.read(fd, 70000)
                    waiting.append((time.monotonic() + delay, packet))
            except BlockingIOError:
                pass
        while waiting and waiting[0][0] <= time.monotonic():
            packet = waiting.popleft()[1]
            # IPv4, destination 10.77.0.<i + 1>
            address = packet[NOTES + 16 : NOTES + 20]
            if packet[NOTES] >> 4 == 4 and address[:3] == b"\x0a\x4d\x00" and 1 <= address[3] <= len(devices):
                try:
                    os.write(devices[address[3] - 1], packet)
                except OSError:
                    pass  # a full queue drops, as a switch does


if __name__ == "__main__":
    relay(float(sys.argv[1]) / 1000, [device(f"{sys.argv[2]}{i}") for i in range(int(sys.argv[3]))])
