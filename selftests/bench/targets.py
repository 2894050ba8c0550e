# SPDX-License-Identifier: GPL-2.0-only
"""The figures to reach, what was measured, and what is in the way of those missed."""
import os
import re

from results import HERE
from tables import head, row

# Relative figures that count, as (what, target, how it is computed): the target is
# for eTran being so many times better.
RATIOS = (
    ("1 KB messages, 64 outstanding", "echo-1k-x64", "rps", 4.8),
    ("key-value store (redis, Zipf), 64 connections, throughput", "kv-redis", "rps", 4.8),
    ("the same, 16 connections with 32 outstanding", "kv-redis-x32", "rps", 4.8),
    ("key-value store (redis, Zipf), 64 connections, p50", "kv-redis", "p50_us", 3.7),
    ("key-value store (redis, Zipf), 64 connections, p99", "kv-redis", "p99_us", 3.2),
    ("key-value store (memcached, Zipf), 64 connections, throughput", "kv-memcached", "rps", 4.8),
    ("the same with memcached, 16 connections with 32 outstanding", "kv-memcached-x32", "rps",
     4.8),
    ("key-value store (memcached, Zipf), 64 connections, p50", "kv-memcached", "p50_us", 3.7),
    ("key-value store (memcached, Zipf), 64 connections, p99", "kv-memcached", "p99_us", 3.2),
    ("redis GET, 50 connections, throughput", "redis-get", "rps", 4.8),
    ("redis SET, 50 connections, throughput", "redis-set", "rps", 4.8),
    ("redis GET, 16 in a pipeline, throughput", "redis-get-pipeline", "rps", 4.8),
    ("redis SET of 1 KB, throughput", "redis-set-1k", "rps", 4.8),
    ("redis GET, 1 connection, p50", "redis-get-1conn", "p50_us", 3.7),
    ("connections of 1 message", "short-1", "rps", 1),
    ("connections of 4 messages", "short-4", "rps", 1),
    ("connections of 16 messages", "short-16", "rps", 5),
    ("connections of 64 messages", "short-64", "rps", 5),
    ("connections of 256 messages", "short-256", "rps", 5),
    ("bulk, to the server", "bulk-send", "mbit", 1),
    ("bulk, from the server", "bulk-receive", "mbit", 1),
    ("bulk at 0.1 % loss, to the server", "loss-0.1%-send", "mbit", 1),
    ("bulk at 0.1 % loss, from the server", "loss-0.1%-receive", "mbit", 1),
    ("bulk at 1 % loss, to the server", "loss-1%-send", "mbit", 1),
    ("bulk at 1 % loss, from the server", "loss-1%-receive", "mbit", 1),
    ("instructions per request, 50 connections", "echo-64-50conns", "instructions", 3))


def instructions(res):
    """The same of the profile, None if there is none"""
    linux, etran = res.profiled("linux"), res.profiled("etran")
    return linux / etran if linux and etran else None


def targets(res):
    """(what, target, measured as text or None, verdict)"""
    for what, want, got, ok, invalid in judged(res):
        yield (what, want, got, "invalid" if invalid else "not measured" if got is None else
               "reached" if ok else "**missed**")


def judged(res):
    """(what, target, measured as text or None, is it reached, was a run disturbed)"""
    size = res.all["patch"]
    yield ("core patch", "at most 300 lines, 10 files",
           "%d lines, %d files" % (size["lines"], size["files"]),
           size["lines"] <= 300 and size["files"] <= 10, False)
    for what, limit, args in (
            ("nothing attached", 1, ("patched", "nothing", "pristine", "nothing")),
            ("empty egress", 5, ("module", "empty egress", "module", "nothing")),
            ("hold all and release", 10,
             ("module", "hold all and release", "module", "nothing")),
            ("completion out of order", 10,
             ("module", "completion out of order", "module", "nothing"))):
        n = res.more(*args)
        yield (what + ", AF_XDP transmit only", "at most %d %%" % limit,
               None if n is None else "%+.2f %%" % n, n is not None and n <= limit, False)
    worst = [100 * p["worst"] for p in res.all["paces"]]
    yield ("pacing error, one to 1,000 flows", "at most 0.4 %",
           "%.4f %%" % max(worst) if worst else None, worst and max(worst) <= 0.4, False)
    for what, name, key, want in RATIOS:
        n = res.ratio(name, key)
        yield (what, "at least %gx" % want, None if n is None else "%.2fx" % n,
               n is not None and n >= want,
               any(f and f["invalid"] for f in res.pair(name)))
    n = instructions(res)
    yield ("instructions per redis GET, 50 connections (profile)", "at least 3x",
           "%.2fx" % n if n else None, n is not None and n >= 3, False)


def target_table(res):
    head(["what", "target", ">measured", ""])
    for what, want, got, verdict in targets(res):
        row(what, want, got or "-", verdict)
    print()


def notes():
    """[(names as a regular expression, text)] of the file notes"""
    found = []
    with open(os.path.join(HERE, "notes"), encoding="ascii") as f:
        for line in f:
            if line.strip() and line[0] not in "#\t":
                found.append((re.compile(line.strip()), []))
            elif line[0] == "\t":
                found[-1][1].append(line.strip())
    return [(names, "\n  ".join(text)) for names, text in found]


def in_the_way(res):
    """For each target that was missed the note on it."""
    missed = [what for what, _, _, verdict in targets(res) if "missed" in verdict]
    classes = {"%s:%s" % (stack, c): "{:,.0f}".format(n) for stack in ("linux", "etran")
               for c, n in res.classes(stack).items()}
    if missed:
        print("### What is in the way of those missed, and what would change it\n")
    for names, text in notes():
        mine = [what for what in missed if names.search(what)]
        missed = [what for what in missed if what not in mine]
        if mine:
            text = re.sub(r"\{(\w+:[^}]+)\}", lambda m: classes.get(m.group(1), "?"), text)
            print("* *%s*:\n  %s" % ("; ".join(mine), text))
    for what in missed:
        print("* *%s*: nobody has looked into it yet." % what)
    print()
