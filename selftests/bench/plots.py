# SPDX-License-Identifier: GPL-2.0-only
"""PNG plots of results.json, by gnuplot, into .output/bench."""
import os
import subprocess
import sys

from results import BENCH

HEAD = """set terminal png size 1200,600
set output "%s"
set ylabel "%s"
"""
BARS = HEAD + """set style data histograms
set style fill solid
set logscale y
set xtics rotate by -40
plot "%s" using 2:xtic(1) title "Linux TCP", "" using 3 title "eTran"
"""
LINES = HEAD + """set xlabel "%s"
set key outside
set style data linespoints
%s
plot %s
"""


def gnuplot(script):
    if subprocess.run(["gnuplot"], input=script, text=True, check=False).returncode:
        sys.exit("report: gnuplot failed")


def data(name, rows):
    path = os.path.join(BENCH, name + ".dat")
    with open(path, "w", encoding="ascii") as f:
        for row in rows:
            f.write(" ".join(map(str, row)) + "\n")
    return path


def bars(res, key):
    rows = [('"%s"' % n, linux[key], etran[key]) for n in res.names("virtual")
            if res.ratio(n, key) for linux, etran in (res.pair(n),)]
    if rows:
        gnuplot(BARS % (os.path.join(BENCH, key + ".png"), key, data(key, rows)))


def lines(name, ylabel, xlabel, more, curves):
    """curves: {title: [(x, y)]}"""
    plot = []
    for i, (title, points) in enumerate(curves.items()):
        if points:
            path = data("%s-%d" % (name, i), sorted(points))
            plot.append('"%s" using 1:2 title "%s"' % (path, title))
    if plot:
        gnuplot(LINES % (os.path.join(BENCH, name + ".png"), ylabel, xlabel, more,
                         ", ".join(plot)))


def valid(res, prefix, stack):
    return [f for n in res.names("virtual") if n.startswith(prefix)
            for f in [res.figures.get(("virtual", n, stack))] if f and not f["invalid"]]


def draw(res):
    for key in ("rps", "p50_us", "instructions"):
        bars(res, key)
    both = (("linux", "Linux TCP"), ("etran", "eTran"))
    lines("conns", "requests/s", "connections", "set logscale x",
          {title: [(int(f["name"].split("-")[1]), f["rps"]) for f in valid(res, "conns", s)]
           for s, title in both})
    lines("loss", "Mbit/s", "% of packets lost (0 drawn as 0.001)", "set logscale x",
          {"%s, %s" % (title, way): [
              (float(f["name"].split("-")[1].rstrip("%")) or 0.001, f["mbit"])
              for f in valid(res, "loss", s) if f["name"].endswith(way)]
           for s, title in both for way in ("send", "receive")})
    lines("daemon", "% of a CPU, both etrand", "connections", "set logscale x",
          {"busy": [(int(f["name"].split("-")[1]), f["daemon_ns"] / f["seconds"] / 1e7)
                    for f in valid(res, "conns", "etran")],
           "idle": [(f["conns"], f["daemon_ns"] / f["seconds"] / 1e7)
                    for f in valid(res, "hold", "etran")]})
