#!/usr/bin/env python3
"""Serves captured scrapes on many addresses of 127.0.0.0/8, as many targets.

  bake_targets.py TARGETS CAPTURE.raw.zst…     prints the port, then serves

Target i listens on 127.1.(i/250).(i%250+1) and answers with the captures one
after the other in the pace in which they were taken (one per 5 s), each target
from a place of its own.  Answers are made beforehand, so that serving costs
next to nothing beside scraping.
"""

import select
import socket
import struct
import subprocess
import sys
import time

CAPTURE_S = 5
RECORD = struct.Struct("<qI")
HEAD = ("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; "
        "charset=utf-8\r\nContent-Length: %d\r\n\r\n")


def load(path):
    data = subprocess.run(["zstd", "-dcq", path], check=True,
                          stdout=subprocess.PIPE).stdout
    answers, at = [], 0
    while at < len(data):
        _, size = RECORD.unpack_from(data, at)
        at += RECORD.size
        answers.append((HEAD % size).encode() + data[at:at + size])
        at += size
    return answers


def address(target):
    return f"127.1.{target // 250}.{target % 250 + 1}"


def listen(count):
    for _ in range(100):
        listeners, port = [], 0
        try:
            for target in range(count):
                listeners.append(socket.create_server(
                    (address(target), port), backlog=16))
                port = listeners[0].getsockname()[1]
            return listeners, port
        except OSError:  # somebody has this port on one of the addresses
            for one in listeners:
                one.close()
    sys.exit("no port is free on all addresses")


def main():
    count, captures = int(sys.argv[1]), [load(p) for p in sys.argv[2:]]
    listeners, port = listen(count)
    print(port, flush=True)
    epoll = select.epoll()
    waiting = {one.fileno(): (one, target)
               for target, one in enumerate(listeners)}
    peers = {}
    for descriptor in waiting:
        epoll.register(descriptor, select.EPOLLIN)
    while True:
        for descriptor, _ in epoll.poll():
            if descriptor in waiting:
                one, target = waiting[descriptor]
                peer, _ = one.accept()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peers[peer.fileno()] = (peer, target, [])
                epoll.register(peer.fileno(), select.EPOLLIN)
                continue
            peer, target, request = peers[descriptor]
            try:
                piece = peer.recv(8192)
                request.append(piece)
                if piece and b"".join(request).endswith(b"\r\n\r\n"):
                    request.clear()
                    answers = captures[target % len(captures)]
                    now = int(time.time()) // CAPTURE_S + target * 7
                    peer.sendall(answers[now % len(answers)])
            except OSError:
                piece = b""
            if not piece:
                epoll.unregister(descriptor)
                peer.close()
                del peers[descriptor]


main()
