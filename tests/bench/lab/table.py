# SPDX-License-Identifier: MIT
"""table: medians with their spread, as Markdown. Numbers only."""
import statistics

from lab.points import POINTS
from lab.servers import FORMS, WORDS


def spread(values, digits=0):
    if not values:
        return "-"
    m = f"{statistics.median(values):.{digits}f}"
    return m if len(values) == 1 else f"{m} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def middle(values):
    return f"{statistics.median(values):.0f}" if values else "-"


def times(rows, name):
    return [f"{middle([r[name][q] for r in rows if name in r])}" for q in ("p50", "p99")]


def line(words, server, rows):
    answer, forward = times(rows, "answer_us"), times(rows, "forward_us")
    lost = sum(r["udp"]["InErrors"] + r["udp"]["SndbufErrors"] for r in rows)
    cells = [
        words, WORDS.get(server, server),
        spread([r["ops_per_s"] for r in rows]),
        spread([r["cpu_us_per_op"] for r in rows], 1),
        spread([r["aux_us_per_op"] for r in rows], 1) if any(r["aux_us_per_op"] for r in rows) else "-",
        middle([r["system_pct"] for r in rows]),
        " / ".join(answer), " / ".join(forward),
        middle([r["server_cpu_pct"] + r["aux_cpu_pct"] for r in rows]), middle([r["storm_cpu_pct"] for r in rows]),
        middle([r["others_cpu_pct"] for r in rows]),
        str(sum(r["failed"] for r in rows)), str(sum(r["repeats_sent"] for r in rows)), str(lost),
    ]
    return "| " + " | ".join(cells) + " |"


HEAD = ["operation", "server", "a second", "server us/op", "redis us/op", "of it system %", "answer p50 / p99 us",
        "in to out p50 / p99 us", "server %", "storm %", "others %", "failed", "sent again", "UDP lost"]


def cost(rows):
    """CPU an operation, that of Redis counted in; None when it was not measured."""
    return statistics.median(r["cpu_us_per_op"] + r["aux_us_per_op"] for r in rows) if rows else None


def ratios(results):
    """Kamailio's cost over Peal's, a row a point; with digest, Kamailio that writes to Redis as Peal does."""
    out = ["| Kamailio / Peal, CPU with Redis | " + " | ".join(WORDS[f] for f in FORMS) + " |", "|" + "---|" * (len(FORMS) + 1)]
    for name, setup, words, _ in POINTS:
        peer = cost(results.get((name, "kamailio-redis" if setup == "auth" else "kamailio")))
        mine = [cost(results.get((name, f))) for f in FORMS]
        if peer and any(mine):
            out.append(f"| {words} | " + " | ".join(f"{peer / m:.2f}" if m else "-" for m in mine) + " |")
    return out + [""] if len(out) > 2 else []


def quantile(rows, q):
    values = [r["forward_us"][q] for r in rows or [] if "forward_us" in r]
    return statistics.median(values) if values else None


def latency(results):
    """What a server adds to an INVITE at a fixed rate, and how much more or less that is than Kamailio's; a row a form."""
    name, words = next((p[0], p[2]) for p in POINTS if "--rate" in p[3])
    peer = [quantile(results.get((name, "kamailio")), q) for q in ("p50", "p99")]
    out = [f"| INVITE in to INVITE out, {words.replace('the same', 'calls')} | p50 us | p99 us | p50 less Kamailio's | p99 less Kamailio's |",
           "|" + "---|" * 5]
    for server in (*FORMS, "kamailio"):
        mine = [quantile(results.get((name, server)), q) for q in ("p50", "p99")]
        if mine[0] is not None:
            less = [f"{m - k:+.0f}" if k is not None and server != "kamailio" else "-" for m, k in zip(mine, peer)]
            out.append(f"| {WORDS[server]} | {mine[0]:.0f} | {mine[1]:.0f} | " + " | ".join(less) + " |")
    return out + [""] if len(out) > 2 else []


def load_limit(results):
    """What storm can do: its rate against a server that costs next to nothing."""
    rows = results.get(("options", "reflector"))
    if not rows:
        return []
    return [f"storm itself: {middle([r['ops_per_s'] for r in rows])} OPTIONS a second against an echo of the request, "
            f"{middle([r['sent'] / r['seconds'] + r['received'] / r['seconds'] for r in rows])} messages a second, "
            f"{statistics.median(r['storm_us_per_op'] for r in rows):.1f} us of its CPU each.", ""]


def markdown(facts, results, notes):
    """results: {(point, server): [JSON lines]}"""
    out = ["# Peal, measured", "", *(f"- {k}: {v}" for k, v in facts.items()), ""]
    out += ["Medians (least-most) of the rounds. us/op: CPU of all its processes and threads, user and system. in to out: from the caller's "
            "request to its arrival at the callee. others %: what other programs used of all CPUs meanwhile. p50 and p99 are saturated "
            "latencies unless a rate is named.", ""]
    out += ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for name, _, words, _ in POINTS:
        out += [line(words, server, rows) for (point, server), rows in results.items() if point == name and rows]
    out += ["", *ratios(results), *latency(results), *load_limit(results), "CPU of each process, us an operation:", ""]
    for name, _, words, _ in POINTS:
        for (point, server), rows in results.items():
            if point == name and rows and len(rows[0]["cpu"]) > 1:
                parts = {p: [r["cpu"].get(p, 0) for r in rows] for p in rows[0]["cpu"]}
                out.append(f"- {words}, {WORDS.get(server, server)}: " + ", ".join(f"{p} {spread(v, 1)}" for p, v in parts.items()))
    out += [""] + [f"- {n}" for n in notes]
    return "\n".join(out) + "\n"
