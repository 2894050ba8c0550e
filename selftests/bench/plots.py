# SPDX-License-Identifier: GPL-2.0-only
"""Plots of results.json, by gnuplot: PNG into .output/bench, SVG into docs/performance."""
import os
import shutil
import subprocess
import sys

from results import BENCH, TOP

DOCS = os.path.join(TOP, "docs", "performance")
BOTH = (("linux", "Linux TCP"), ("etran", "eTran"))
TERMINALS = {"png": "png size 1200,600", "svg": "svg size 800,400 font 'sans-serif,11'"}
HEAD = """set terminal %s
set output "%s"
set ylabel "%s"
"""
BARS = """set style data histograms
set style fill solid
set logscale y
set xtics rotate by -40
plot "%s" using 2:xtic(1) title "Linux TCP", "" using 3 title "eTran"
"""
LINES = """set xlabel "%s"
set key outside
set style data linespoints
set logscale x
%s
plot %s
"""


def gnuplot(name, ylabel, body, docs):
    for kind in ("png", "svg") if docs else ("png",):
        path = os.path.join(DOCS if kind == "svg" else BENCH, "%s.%s" % (name, kind))
        script = HEAD % (TERMINALS[kind], path, ylabel) + body
        if subprocess.run(["gnuplot"], input=script, text=True, check=False).returncode:
            sys.exit("report: gnuplot failed")


def data(name, rows):
    path = os.path.join(BENCH, name + ".dat")
    with open(path, "w", encoding="ascii") as f:
        for row in rows:
            f.write(" ".join(map(str, row)) + "\n")
    return path


def bars(res, key, ylabel, docs):
    rows = [('"%s"' % n, linux[key], etran[key]) for n in res.names("virtual")
            if res.ratio(n, key) for linux, etran in (res.pair(n),)]
    if rows:
        gnuplot(key, ylabel, BARS % data(key, rows), docs)


def lines(name, ylabel, xlabel, curves, docs, more=""):
    """curves: {title: [(x, y)]}. Return: the name, None if there is nothing to draw"""
    plot = []
    for i, (title, points) in enumerate(curves.items()):
        if points:
            path = data("%s-%d" % (name, i), sorted(points))
            plot.append('"%s" using 1:2 title "%s"' % (path, title))
    if plot:
        gnuplot(name, ylabel, LINES % (xlabel, more, ", ".join(plot)), docs)


def valid(res, stack, choose):
    """[(x, figure)] of the valid figures whose name choose() gives an x for"""
    figures = [(choose(n), res.figures.get(("virtual", n, stack)))
               for n in res.names("virtual") if choose(n) is not None]
    return [(x, f) for x, f in figures if f and not f["invalid"]]


def size_of(outstanding):
    """Bytes of a message of echo-SIZE[-x64] on one connection"""
    def choose(name):
        w = name.split("-")
        if w[0] != "echo" or "-".join(w[2:]) != outstanding:
            return None
        return int(w[1].rstrip("k")) * (1024 if w[1].endswith("k") else 1)
    return choose


def number_of(what):
    """The number in WHAT-NUMBER"""
    def choose(name):
        w = name.split("-")
        return int(w[1]) if w[0] == what and len(w) == 2 else None
    return choose


def loss_of(way):
    def choose(name):
        w = name.split("-")
        return (float(w[1].rstrip("%")) or 0.001) if w[0] == "loss" and w[2] == way else None
    return choose


def daemon_share(f):
    return f["daemon_ns"] / f["seconds"] / 1e7


def flames(docs):
    for stack, _ in BOTH if docs else ():
        path = os.path.join(BENCH, "profile-%s.svg" % stack)
        if os.path.exists(path):
            shutil.copyfile(path, os.path.join(DOCS, "flame-%s.svg" % stack))


def draw(res, docs):
    if docs:
        os.makedirs(DOCS, exist_ok=True)
    for key, ylabel in (("rps", "requests/s"), ("p50_us", "p50, us"),
                        ("instructions", "instructions per request or KB")):
        bars(res, key, ylabel, docs and key == "rps")
    lines("size", "Mbit/s each way", "bytes of a message", {
        "%s, %s outstanding" % (title, n or "1"): [
            (x, f["rps"] * x * 8 / 1e6) for x, f in valid(res, s, size_of(n))]
        for n in ("", "x64") for s, title in BOTH}, docs, "set logscale y")
    lines("conns", "requests/s", "connections", {
        title: [(x, f["rps"]) for x, f in valid(res, s, number_of("conns"))]
        for s, title in BOTH}, docs)
    lines("short", "requests/s", "messages of a connection", {
        title: [(x, f["rps"]) for x, f in valid(res, s, number_of("short"))]
        for s, title in BOTH}, docs)
    lines("loss", "Mbit/s", "% of packets lost (0 drawn as 0.001)", {
        "%s, %s" % (title, way): [(x, f["mbit"]) for x, f in valid(res, s, loss_of(way))]
        for s, title in BOTH for way in ("send", "receive")}, docs)
    lines("daemon", "% of a CPU, both etrand", "connections", {
        "busy": [(x, daemon_share(f)) for x, f in valid(res, "etran", number_of("conns"))],
        "idle": [(x, daemon_share(f)) for x, f in valid(res, "etran", number_of("hold"))]},
          docs)
    flames(docs)


def link(name, title):
    """What docs/performance.md shows, when there is such a plot"""
    if os.path.exists(os.path.join(DOCS, name + ".svg")):
        print("![%s](performance/%s.svg)\n" % (title, name))
