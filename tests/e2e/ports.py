"""Ports for servers that cannot choose one themselves. They lie outside the range from which the kernel takes ports for connections and for port 0, or
somebody else would be given one between here and the server's start; and they are drawn, since several tests run at once."""
import random
import socket

FIRST, LAST = 20000, 32000
TRIES_MAX = 1000


def free_ports(count):
    sockets = []
    try:
        for _ in range(TRIES_MAX):
            one = socket.socket()
            sockets.append(one)
            try:
                one.bind(("127.0.0.1", random.randrange(FIRST, LAST)))
            except OSError:
                sockets.pop().close()
            if len(sockets) == count:
                return [one.getsockname()[1] for one in sockets]
        raise AssertionError(f"no {count} free ports between {FIRST} and {LAST}")
    finally:
        for one in sockets:
            one.close()


def free_port():
    return free_ports(1)[0]
