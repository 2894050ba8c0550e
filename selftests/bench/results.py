# SPDX-License-Identifier: GPL-2.0-only
"""results.json, as report and plots look at it."""
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
BENCH = os.path.join(TOP, ".output", "bench")
# Workloads whose packets are near enough to those of a ceiling.
AS_50 = ("redis-get", "redis-set", "kv-redis", "kv-memcached")
CEILINGS = {"bulk-receive": "bulk-send", **{n: "echo-64-50conns" for n in AS_50}}


def mean(values):
    return sum(values) / len(values)


def earlier():
    """Figures from before the test kernel's configuration grew; [rate, instructions]."""
    with open(os.path.join(HERE, "earlier.json"), encoding="ascii") as f:
        return json.load(f)


class Results:
    def __init__(self, path=os.path.join(BENCH, "results.json")):
        with open(path, encoding="ascii") as f:
            self.all = json.load(f)
        self.figures = {(f["way"], f["name"], f["stack"]): f for f in self.all["figures"]}

    @staticmethod
    def in_order():
        """The names of selftests/bench/workloads, as they stand there."""
        with open(os.path.join(HERE, "workloads"), encoding="ascii") as f:
            names = [w[1] for w in map(str.split, f) if len(w) > 2 and w[0] not in ("#", "vm")]
        return list(dict.fromkeys(names))

    def names(self, way):
        known = {f["name"] for f in self.all["figures"] if f["way"] == way}
        return [n for n in self.in_order() if n in known]

    def pair(self, name, way="virtual"):
        return (self.figures.get((way, name, "linux")),
                self.figures.get((way, name, "etran")))

    def ratio(self, name, key, way="virtual"):
        """How many times better eTran is; None if a figure is not valid."""
        linux, etran = self.pair(name, way)
        if not linux or not etran or linux["invalid"] or etran["invalid"]:
            return None
        if not linux.get(key) or not etran.get(key):
            return None
        if key in ("rps", "mbit"):
            return etran[key] / linux[key]
        return linux[key] / etran[key]

    @staticmethod
    def profiled(stack):
        """Instructions per request by the profile, None if there is none."""
        path = os.path.join(BENCH, "profile-%s.txt" % stack)
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as f:
            m = re.search(r"(\d+) instructions per request", f.read())
        return float(m.group(1)) if m else None

    @staticmethod
    def classes(stack):
        """{class of cost or object: instructions per request} of the profile"""
        path = os.path.join(BENCH, "profile-%s.txt" % stack)
        if not os.path.exists(path):
            return {}
        with open(path, encoding="utf-8") as f:
            found = re.findall(r"^  (\S+) +(\d+) +[\d.]+ %$", f.read(), re.M)
        return {name: float(n) for name, n in found}

    def cases(self, kernel, counts):
        return list(dict.fromkeys(c["case"] for c in self.all["costs"] if c["suite"] == "cost" and
                                  c["kernel"] == kernel and c["counts"] == counts))

    def cost(self, kernel, case):
        """All values, in instructions a packet."""
        return [c["instructions"] for c in self.all["costs"]
                if c["suite"] == "cost" and c["kernel"] == kernel and case == c["case"]]

    def more(self, kernel, case, base_kernel, base_case):
        a, b = self.cost(kernel, case), self.cost(base_kernel, base_case)
        return 100 * (mean(a) / mean(b) - 1) if a and b else None

    @staticmethod
    def spread(values):
        """As text; of one run there is none."""
        if len(values) < 2:
            return "-"
        return "%.2f %%" % (100 * (max(values) - min(values)) / mean(values))

    def ceiling(self, name, itself=False):
        """Of a workload like this; with itself, only of this very one."""
        name = name if itself else CEILINGS.get(name, name)
        runs = [c for c in self.all["costs"] if c["suite"] == "ceiling" and c["case"] == name]
        if not runs:
            return None
        c = {k: mean([r[k] for r in runs]) for k in ("ns", "instructions", "p50_us", "p99_us")}
        c["spread"] = self.spread([r["ns"] for r in runs])
        if name.startswith("bulk"):
            c["mbit"] = runs[0]["payload"] * 8e3 / c["ns"]
            c["instructions"] *= 1024 / runs[0]["payload"]	# per KB, as the workload's
        else:
            c["rps"] = 1e9 / c["ns"]
        return c
