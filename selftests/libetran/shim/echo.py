#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sockets as Python programs use them, both roles, against an echo peer.

    echo.py serve STYLE ADDRESS PORT CONNECTIONS
    echo.py ask STYLE ADDRESS PORT CONNECTIONS BYTES

STYLE is how the process waits: block (threads), select, poll, epoll, edge
(epoll, edge-triggered) or asyncio. Every connection sends BYTES random bytes,
gets them back, compares them, and ends by half closes.
"""
import os
import select
import socket
import sys
import threading

if sys.argv[2:3] == ["asyncio"]:
    import asyncio  # takes longer than everything else here

CHUNK = 20000


def serve_block(lis, conns):
    def one(sock):
        with sock:
            while data := sock.recv(CHUNK):
                sock.sendall(data)
    threads = []
    for _ in range(conns):
        sock, _addr = lis.accept()
        threads.append(threading.Thread(target=one, args=(sock,)))
        threads[-1].start()
    for t in threads:
        t.join()


class Waiter:
    """select, poll and epoll behind one interface: fd -> (readable, writable)."""

    def __init__(self, style):
        self.style = style
        self.want = {}
        self.poller = None
        if style == "poll":
            self.poller = select.poll()
        elif style in ("epoll", "edge"):
            self.poller = select.epoll()
        self.edge = select.EPOLLET if style == "edge" else 0

    def set(self, fd, rd, wr):
        new = fd not in self.want
        self.want[fd] = (rd, wr)
        if self.poller:
            mask = (select.POLLIN if rd else 0) | (select.POLLOUT if wr else 0)
            if new:
                self.poller.register(fd, mask | self.edge)
            else:
                self.poller.modify(fd, mask | self.edge)

    def drop(self, fd):
        del self.want[fd]
        if self.poller:
            self.poller.unregister(fd)

    def wait(self):
        if self.poller:
            return [(fd, ev & ~select.POLLOUT, ev & ~select.POLLIN)
                    for fd, ev in self.poller.poll()]
        rd = [fd for fd, (r, _w) in self.want.items() if r]
        wr = [fd for fd, (_r, w) in self.want.items() if w]
        rd, wr, _ = select.select(rd, wr, [])
        return [(fd, fd in rd, fd in wr) for fd in set(rd) | set(wr)]


class Stream:
    """One non-blocking connection: what is still to be sent and to come."""

    def __init__(self, sock, out=b"", expect=None):
        self.sock = sock
        self.out = memoryview(out)
        self.expect = expect
        self.got = bytearray()
        self.eof = False
        self.shut = False

    def read(self):
        while True:
            try:
                data = self.sock.recv(CHUNK)
            except BlockingIOError:
                return
            if not data:
                self.eof = True
                return
            if self.expect is None:
                self.out = memoryview(bytes(self.out) + data)
            else:
                self.got += data

    def write(self):
        while self.out:
            try:
                n = self.sock.send(self.out[:CHUNK])
            except BlockingIOError:
                return
            self.out = self.out[n:]
        if not self.shut and (self.eof or self.expect is not None):
            self.sock.shutdown(socket.SHUT_WR)
            self.shut = True

    def step(self):
        self.read()
        self.write()

    def done(self):
        return self.eof and self.shut and not self.out


def run_streams(waiter, streams, lis=None, left=0):
    streams = {s.sock.fileno(): s for s in streams}
    for fd, s in streams.items():
        waiter.set(fd, True, True)
    if lis:
        lis.setblocking(False)
        waiter.set(lis.fileno(), True, False)
    while streams or left:
        for fd, _rd, _wr in waiter.wait():
            if lis and fd == lis.fileno():
                while left:
                    try:
                        sock, _addr = lis.accept()
                    except BlockingIOError:
                        break
                    sock.setblocking(False)
                    left -= 1
                    streams[sock.fileno()] = Stream(sock)
                    waiter.set(sock.fileno(), True, False)
                continue
            s = streams.get(fd)
            if not s:
                continue
            s.step()
            if s.done():
                waiter.drop(fd)
                del streams[fd]
                s.sock.close()
                if s.expect is not None and s.got != s.expect:
                    sys.exit("what came back differs")
            elif not waiter.edge:
                waiter.set(fd, not s.eof, bool(s.out))


def ask_block(addr, conns, size):
    def one(bad):
        data = os.urandom(size)
        sock = socket.create_connection(addr)
        sender = threading.Thread(target=lambda: (sock.sendall(data),
                                                  sock.shutdown(socket.SHUT_WR)))
        sender.start()
        got = bytearray()
        while part := sock.recv(CHUNK):
            got += part
        sender.join()
        sock.close()
        if got != data:
            bad.append(1)
    bad = []
    threads = [threading.Thread(target=one, args=(bad,)) for _ in range(conns)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if bad:
        sys.exit("what came back differs")


def ask_events(style, addr, conns, size):
    streams = []
    for _ in range(conns):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(addr)
        select.select([], [sock], [])
        err = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if err:
            sys.exit(os.strerror(err))
        data = os.urandom(size)
        streams.append(Stream(sock, data, data))
    run_streams(Waiter(style), streams)


async def serve_asyncio(addr, conns):
    left = conns
    over = asyncio.Event()

    async def one(reader, writer):
        nonlocal left
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        left -= 1
        if not left:
            over.set()
    server = await asyncio.start_server(one, *addr)
    print("listening", flush=True)
    await over.wait()
    server.close()


async def ask_asyncio(addr, conns, size):
    async def one():
        data = os.urandom(size)
        reader, writer = await asyncio.open_connection(*addr)
        writer.write(data)
        writer.write_eof()
        got = await reader.read(-1)
        writer.close()
        if got != data:
            sys.exit("what came back differs")
    await asyncio.gather(*(one() for _ in range(conns)))


def main():
    role, style, ip, port, conns = sys.argv[1:6]
    addr, conns = (ip, int(port)), int(conns)
    if role == "serve" and style == "asyncio":
        asyncio.run(serve_asyncio(addr, conns))
    elif role == "serve":
        lis = socket.create_server(addr, backlog=64)
        print("listening", flush=True)
        if style == "block":
            serve_block(lis, conns)
        else:
            run_streams(Waiter(style), [], lis, conns)
    else:
        size = int(sys.argv[6])
        if style == "asyncio":
            asyncio.run(ask_asyncio(addr, conns, size))
        elif style == "block":
            ask_block(addr, conns, size)
        else:
            ask_events(style, addr, conns, size)


main()
