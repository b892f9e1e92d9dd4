"""Delay between network namespaces for kernels without `tc netem`: holds packets in the kernel's netfilter queue.

    python3 hold.py DELAY_MS PREFIX COUNT

In each of the namespaces PREFIX<i> a rule passes arriving packets to queue 0 (not leaving packets: TCP lets few of those
wait). This process receives each packet's metadata and releases the packet after the delay; the packets themselves
stay in the kernel and are not copied.
"""

import collections
import ctypes
import select
import socket
import struct
import sys
import time

NETLINK_NETFILTER = 12
QUEUE = 3 << 8
PACKET, CONFIG, VERDICT_BATCH = QUEUE | 0, QUEUE | 2, QUEUE | 3
REQUEST, ACK = 1, 4
ACCEPT = 1
NETLINK_NO_ENOBUFS = 5


def attribute(kind, value):
    size = 4 + len(value)
    return struct.pack("=HH", size, kind) + value + bytes(-size % 4)


def message(kind, body, flags=REQUEST):
    # nlmsghdr, then nfgenmsg: any family, version 0, queue 0
    return struct.pack("=IHHII", 20 + len(body), kind, flags, 0, 0) + bytes(4) + body


def queue(namespace):
    """Binds queue 0 of a namespace; this process ends up in that namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/var/run/netns/{namespace}") as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace {namespace}")
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    link.bind((0, 0))
    link.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
    bind = attribute(1, struct.pack(">BBH", 1, 0, socket.AF_INET))
    metadata_only = attribute(2, struct.pack(">IB", 0, 1))
    longest = attribute(3, struct.pack(">I", 100000))
    whole_segments = attribute(4, struct.pack(">I", 4)) + attribute(5, struct.pack(">I", 4))
    for body in (bind, metadata_only + longest + whole_segments):
        link.send(message(CONFIG, body, REQUEST | ACK))
        reply = link.recv(4096)
        error = struct.unpack_from("=i", reply, 16)[0]
        if error != 0:
            raise OSError(-error, f"cannot bind netfilter queue 0 of {namespace}")
    link.setblocking(False)
    return link


def hold(delay, links):
    waiting = collections.deque()
    by_number = {link.fileno(): link for link in links}
    due = {}
    while True:
        # select rather than epoll, because it supports timeouts below a millisecond.
        timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for number in select.select(by_number, [], [], timeout)[0]:
            try:
                while True:
                    data = by_number[number].recv(65536)
                    # nlmsghdr, nfgenmsg, attribute head, then the packet's id
                    waiting.append((time.monotonic() + delay, number, data[24:28]))
            except BlockingIOError:
                pass
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, number, last = waiting.popleft()
            due[number] = last
        for number, last in due.items():
            by_number[number].send(message(VERDICT_BATCH, attribute(2, struct.pack(">I", ACCEPT) + last)))
        due.clear()


if __name__ == "__main__":
    hold(float(sys.argv[1]) / 1000, [queue(f"{sys.argv[2]}{i}") for i in range(int(sys.argv[3]))])
