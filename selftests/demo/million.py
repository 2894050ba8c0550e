#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""SET and GET a million random bytes; prints the milliseconds of the best of 3."""
import os
import socket
import sys
import time


def command(sock, *args):
    out = b"*%d\r\n" % len(args)
    for a in args:
        out += b"$%d\r\n%s\r\n" % (len(a), a)
    sock.sendall(out)


def line(f):
    return f.readline().rstrip(b"\r\n")


def main():
    data = os.urandom(1000000)
    best = None
    sock = socket.create_connection((sys.argv[1], 6379))
    f = sock.makefile("rb")
    for _ in range(3):
        start = time.monotonic()
        command(sock, b"SET", b"million", data)
        if line(f) != b"+OK":
            sys.exit("SET failed")
        command(sock, b"GET", b"million")
        if line(f) != b"$1000000":
            sys.exit("GET failed")
        back = f.read(len(data))
        took = time.monotonic() - start
        line(f)
        if back != data:
            sys.exit("the bytes differ")
        best = took if best is None else min(best, took)
    print("%.3f" % (best * 1000))


main()
