# SPDX-License-Identifier: GPL-2.0-only
"""What the runs in .output/bench/raw printed, as figures.

A figure is the median of its rounds.  It is invalid, and says why, when the run
was disturbed: the VM ended with a kernel complaint or leaked frames, the
kernel's TCP carried part of it, segments were lost on a link that loses none, or
its rounds differ too much.
"""
import os
import re
import statistics

SPREAD = {"virtual": 0.05, "wall": 0.25}	# of the median, between rounds
SPREAD_LOSS = 0.25				# the link decides by chance
LOST = 0.01					# of the segments or requests
MSS = 1448


def instructions(path, kinds="ku"):
    """{section: instructions}, of the kernel ("k"), user space ("u") or both"""
    sums, now, n = {}, 0, 0
    if not os.path.exists(path):
        return sums
    with open(path, encoding="ascii") as f:
        for line in f:
            w = line.split()
            if w[0] == "section":
                now, n = int(w[1]), 0
            elif w[0] == "end":		# without it the VM died meanwhile
                sums[now] = n
            elif w[0] in kinds and len(w) == 3:
                n += int(w[2])
    return sums


def main_key(values):
    """What a figure is about"""
    return next((k for k in ("rps", "mbit", "used_kb") if k in values), None)


def parse(line, counted):
    """A line "figure NAME STACK ROUND SECTION KEY VALUE...": its values"""
    w = line.split()
    values = {k: float(v) for k, v in zip(w[5::2], w[6::2])}
    units = values.get("requests", values.get("bytes", 0) / 1024)
    if counted.get(int(w[4])) and units:
        values["instructions"] = counted[int(w[4])] / units
    if len(w) % 2 == 0 or not {"again", "dropped"} <= set(values) or not main_key(values):
        raise ValueError(line)
    return values


def load(path):
    """The figures of one run, {"name", "stack", "rounds": [...], "invalid": [...]}"""
    way, group = os.path.basename(path).split("-", 1)
    counted = instructions(path + ".count")
    figures, disturbed, commit = {}, [], None
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            w = line.split()
            if w[:1] == ["commit"] and len(w) == 2:
                commit = w[1]
            elif w[:1] in (["figure"], ["invalid"]) and len(w) > 3:
                fig = figures.setdefault((w[1], w[2]), {
                    "name": w[1], "stack": w[2], "way": way, "group": group,
                    "rounds": [], "invalid": []})
                if w[0] == "invalid":
                    fig["invalid"].append(" ".join(w[3:]))
                    continue
                try:
                    fig["rounds"].append(parse(line, counted))
                except (ValueError, IndexError):
                    disturbed.append("cut short: " + line.strip())
            elif w:
                disturbed.append(" ".join(w[w[0] == "disturbed":]))
    if not commit:
        disturbed.append("the run did not come to its end")
    for fig in figures.values():
        fig["commit"] = commit or "?"
        fig["invalid"] += disturbed
        finish(fig)
    return list(figures.values())


def finish(fig):
    rounds = fig["rounds"]
    if not rounds:
        fig["invalid"] = fig["invalid"] or ["no figure"]
        return
    for key in sorted(set().union(*rounds)):
        fig[key] = statistics.median(r[key] for r in rounds if key in r)
    lossy = fig["group"] == "loss" and not fig["name"].startswith("loss-0%-")
    main = main_key(fig)
    values = [r[main] for r in rounds]
    fig["spread"] = (max(values) - min(values)) / fig[main] if fig[main] else 1
    if fig["spread"] > (SPREAD_LOSS if lossy else SPREAD[fig["way"]]):
        fig["invalid"].append("rounds differ by %.0f %%" % (100 * fig["spread"]))
    units = rounds[0].get("requests", rounds[0].get("bytes", 0) / MSS)
    if not lossy and fig["again"] > LOST * units:
        fig["invalid"].append("%d segments were sent again" % fig["again"])
    if fig["dropped"] > LOST * units:
        fig["invalid"].append("%d packets were dropped" % fig["dropped"])


def costs(path):
    """What a packet costs, by the suites "cost" and "ceiling", one entry a case."""
    kernel = os.path.basename(path).split("-")[1]
    counted = {"kernel": instructions(path + ".count", "k"),
               "all": instructions(path + ".count")}
    out, section, suite, counts, values = [], 0, "cost", None, None
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            w = line.split()
            if w[:1] == ["suite"]:
                suite = w[1]
            if w[:2] == ["#", "packets"]:
                section += 1
                values = {k: float(v) for k, v in zip(w[6::2], w[7::2])}
                counts = w[5]
                values["instructions"] = counted[counts][section] / float(w[2])
                values["ns"] = float(w[4]) / float(w[2])
            m = re.match(r"ok \d+ (.*)", line)
            if m and values:
                out.append({"suite": suite, "kernel": kernel, "case": m.group(1).strip(),
                            "counts": counts, **values})
            if m or line.startswith("not ok"):
                values = None
    return out


def paces(path):
    """[{flows, rate, worst, mean}] of the suite "pace", errors as shares"""
    with open(path, encoding="utf-8", errors="replace") as f:
        found = re.findall(r"# pace (\d+) flows of (\d+) bytes/s, worst (\S+) mean (\S+)",
                           f.read())
    return [{"flows": int(n), "rate": int(rate), "worst": float(worst), "mean": float(mean)}
            for n, rate, worst, mean in found]
