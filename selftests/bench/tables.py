# SPDX-License-Identifier: GPL-2.0-only
"""The tables of what was measured, on standard output."""
from plots import link
from results import earlier, mean


def head(columns):
    print("| " + " | ".join(c.strip(">") for c in columns) + " |")
    print("| " + " | ".join("--:" if c.startswith(">") else "---" for c in columns) + " |")


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def cell(fig, key, form="%.0f"):
    if not fig:
        return "-"
    if fig["invalid"]:
        return "invalid"
    return form % fig[key] if key in fig else "-"


def share(res, name, fig):
    if not fig or fig["invalid"] or not res.ceiling(name):
        return "-"
    key = "rps" if "rps" in fig else "mbit"
    return "%.0f %%" % (100 * fig[key] / res.ceiling(name)[key])


def pair(a, b):
    return "-" if (a, b) == ("-", "-") else "%s, %s" % (a, b)


def invalid_notes(figures):
    notes = ["* invalid: %s, %s: %s" % (f["name"], f["stack"], "; ".join(sorted(set(f["invalid"]))))
             for f in figures if f and f["invalid"]]
    if notes:
        print("\n".join(notes) + "\n")


def measured_by(res, way):
    figures = [f for f in res.all["figures"] if f["way"] == way]
    print("eTran at %s; rounds: %s.\n" % (
        ", ".join(sorted({f["commit"] for f in figures})),
        ", ".join(map(str, sorted({len(f["rounds"]) for f in figures} - {0})))))


def table(res, way):
    names = [n for n in res.names(way) if not n.startswith(("loss", "hold"))]
    if not names:
        return
    measured_by(res, way)
    head(["workload", "unit", ">Linux", ">eTran", ">better", ">of the ceiling",
          ">p50 us", ">p99 us", ">instructions", ">fewer"])
    figures = []
    for name in names:
        linux, etran = res.pair(name, way)
        figures += [linux, etran]
        key = "mbit" if any(f and "mbit" in f for f in (linux, etran)) else "rps"
        ratio, less = res.ratio(name, key, way), res.ratio(name, "instructions", way)
        row(name, "1/s" if key == "rps" else "Mbit/s", cell(linux, key), cell(etran, key),
            "%.2f" % ratio if ratio else "-",
            pair(share(res, name, linux), share(res, name, etran)) if way == "virtual" else "-",
            *(pair(cell(linux, k), cell(etran, k)) for k in ("p50_us", "p99_us", "instructions")),
            "%.2f" % less if less else "-")
    print()
    invalid_notes(figures)


def loss_table(res):
    names = [n for n in res.names("virtual") if n.startswith("loss")]
    if not names:
        return
    print("## Loss\n\nOne connection, 1 ms of delay each way; in brackets the share of the"
          " throughput\nwithout loss, then segments sent again.\n")
    head(["link and direction", ">Linux Mbit/s", ">eTran Mbit/s", ">better"])
    figures = []
    for name in names:
        cells = []
        for fig in res.pair(name):
            figures.append(fig)
            clean = fig and res.figures.get(("virtual", "loss-0%-" + name.split("-")[2],
                                             fig["stack"]))
            text = cell(fig, "mbit", "%.1f")
            if fig and not fig["invalid"] and clean and not clean["invalid"]:
                text += " (%.0f %%; %.0f)" % (100 * fig["mbit"] / clean["mbit"], fig["again"])
            cells.append(text)
        ratio = res.ratio(name, "mbit")
        row(name, *cells, "%.2f" % ratio if ratio else "-")
    print()
    invalid_notes(figures)


def daemon_table(res):
    rows = [(int(f["conns"]), None, f) for n in res.names("virtual") if n.startswith("hold")
            for f in res.pair(n)[1:] if f and not f["invalid"]]
    rows += [(int(n.split("-")[1]), f, None) for n in res.names("virtual")
             if n.startswith("conns") for f in res.pair(n)[1:] if f and not f["invalid"]]
    if not rows:
        invalid_notes([f for n in res.names("virtual") if n.startswith("hold")
                       for f in res.pair(n)])
        return
    print("## Control plane\n\nCPU time of both hosts' etrand, by connections.\n")
    head([">connections", ">busy with requests", ">idle"])
    for n, busy, idle in sorted(rows, key=lambda r: r[0]):
        row("%d" % n, *("%.2f %%" % (f["daemon_ns"] / f["seconds"] / 1e7) if f else "-"
                        for f in (busy, idle)))
    print()


def memory_table(res):
    kb = {}
    for n in res.names("virtual"):
        for f in res.pair(n) if n.startswith("hold") else ():
            if f and not f["invalid"]:
                kb[f["stack"], int(f["conns"])] = f["used_kb"] - f["before_kb"]
    conns = sorted({c for _, c in kb})
    if len(conns) < 2 or len(kb) != 2 * len(conns):
        return
    print("## Memory\n\nWhat the machine has less when a client has its connections, both ends"
          " of each.\nTables of a fixed size are there before.\n")
    head(["what", ">Linux KB", ">eTran KB"])
    for c in conns:
        row("an application with %d connections" % c,
            *("%.0f" % kb[s, c] for s in ("linux", "etran")))
    row("a connection more", *("%.2f" % ((kb[s, conns[-1]] - kb[s, conns[0]]) /
                                         (conns[-1] - conns[0])) for s in ("linux", "etran")))
    print()


def cost_table(res):
    print("## Hooks: AF_XDP transmit only, 64 bytes, virtio, zero copy, virtual\n\n"
          "selftests/bench/cost; the kernel's instructions for a packet that goes to nobody.\n")
    head(["transport", ">instructions", ">against nothing attached", ">runs", ">spread"])
    for case in res.cases("module", "kernel"):
        values = res.cost("module", case)
        row(case, "%.1f" % mean(values), "%+.1f %%" % res.more("module", case, "module", "nothing"),
            "%d" % len(values), res.spread(values))
    print()
    if res.cost("pristine", "nothing"):
        head(["kernel, no module", ">instructions", ">runs"])
        for kernel in ("pristine", "patched"):
            values = res.cost(kernel, "nothing")
            row(kernel, "%.1f" % mean(values), "%d" % len(values))
        print()


def answer_table(res):
    base = res.cost("module", "rx-drop")
    if not base:
        return
    print("## Answers: a packet of 64 bytes for each that arrives\n\n"
          "As the paper's Table 4: AF_XDP l2fwd against rx-drop and gen; all instructions, the\n"
          "sender's included, and what the answer adds to a packet that is only dropped.\n")
    head(["what", ">instructions", ">for the answer", ">spread"])
    for case in ("rx-drop", "l2fwd", "rx-drop and gen"):
        values = res.cost("module", case)
        if values:
            row(case, "%.1f" % mean(values), "%.1f" % (mean(values) - mean(base)),
                res.spread(values))
    print()


def pace_table(res):
    if not res.all["paces"]:
        return
    print("## Pacing by a timing wheel\n\nPackets of 1,500 bytes, slots of 20 us; how far a flow"
          "'s rate at the far NIC is from\nwhat was set.\n")
    head([">flows", ">rate of each, bytes/s", ">mean error", ">worst flow"])
    for p in res.all["paces"]:
        row("%d" % p["flows"], "%d" % p["rate"], "%.4f %%" % (100 * p["mean"]),
            "%.4f %%" % (100 * p["worst"]))
    print()


def ceiling_table(res):
    names = [n for n in res.in_order() if res.ceiling(n, True)]
    if not names:
        return
    print("## The ceiling\n\nThe same packets through AF_XDP alone (selftests/kmod/ceiling.c):"
          " no copy, no\nchecksum, no state.\n")
    head(["as workload", ">1/s or Mbit/s", ">p50 us", ">p99 us", ">instructions", ">spread",
          ">eTran needs"])
    for name in names:
        c = res.ceiling(name, True)
        etran = res.pair(name)[1]
        more = etran and not etran["invalid"] and etran["instructions"] / c["instructions"]
        row(name, "%.0f" % c.get("rps", c.get("mbit")), "%.1f" % c["p50_us"],
            "%.1f" % c["p99_us"], "%.0f" % c["instructions"], c["spread"],
            "%.1f times as many" % more if more else "-")
    print()


def beside(then, now):
    return "%.0f -> %.0f, %+.1f %%" % (then, now, 100 * (now / then - 1)) if then and now else "-"


def earlier_table(res):
    old = earlier()
    print("## Before the test kernel grew\n\nInstructions on both sides then and now, so that a"
          " slower Linux does not look\nlike a faster eTran. Then: %s.\n" % old["what"])
    head(["workload", ">Linux", ">eTran", ">better then", ">better now"])
    for name in (n for n in res.names("virtual") if n in old["figures"]):
        then, now = old["figures"][name], res.pair(name)
        cells = [beside(then[stack][1], fig and not fig["invalid"] and fig.get("instructions"))
                 for stack, fig in zip(("linux", "etran"), now)]
        rates = then["linux"][0], then["etran"][0]
        ratio = res.ratio(name, "mbit" if then["unit"] == "Mbit/s" else "rps")
        row(name, *cells, "%.2f" % (rates[1] / rates[0]) if all(rates) else "-",
            "%.2f" % ratio if ratio else "-")
    print()
    head(["hooks, instructions a packet", ">then -> now"])
    for case, then in old["costs"].items():
        kernel, name = case.split(" ", 1)
        now = res.cost(kernel, name.removeprefix("kernel, "))
        if now:
            row(case, beside(then, mean(now)))
    print()


def sections(res):
    if res.names("virtual"):
        print("## Virtual\n")
        table(res, "virtual")
        for name, title in (("rps", "requests per second"), ("size", "by size of a message"),
                            ("conns", "by number of connections"),
                            ("short", "by messages of a connection")):
            link(name, title)
    loss_table(res)
    link("loss", "by loss")
    daemon_table(res)
    link("daemon", "control plane by connections")
    memory_table(res)
    print("## Wall\n")
    table(res, "wall")
    if not res.names("wall"):
        print("Not measured: the machine was not quiet, or only the quick groups ran.\n")
    if res.all["costs"]:
        cost_table(res)
        answer_table(res)
        ceiling_table(res)
        pace_table(res)
    if res.names("virtual"):
        earlier_table(res)
