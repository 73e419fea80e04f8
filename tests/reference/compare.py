#!/usr/bin/env python3
"""Compares a replay's JSON report with the reference computation, one line per check.

    compare.py REPLAY.json FOLDER [--vehicles N] [--lots as-is] [--disrupt S@DATE:DAYS]... [--until DATE]

Exact where the reference is exact, within its bounds elsewhere; receipts = issues + stock for every item. Ends with
'N passed, N failed'; the exit status is 1 when a check failed or the report cannot be read.
"""
import argparse
import itertools
import json
import sys
from fractions import Fraction as F

sys.dont_write_bytecode = True  # leaves nothing behind in the source tree
import su7  # noqa: E402

DELIVERY_TOLERANCE = F(1, 100)  # of the vehicles built: the lanes hang on the cities of single orders
BUILD_TOLERANCE = F(2, 100)     # of the vehicles built, where an option's part is short
FULL_SIZE = 10000  # vehicles from which lots are large enough that no option part is ever late
HELD_SHARE = 200  # vehicles for each vehicle-day that may be held in a smaller run
COST_TOLERANCE = F(1, 100)      # of the material of a vehicle: the options hang on single orders
FORMULA_TOLERANCE = F(1)        # USD

passed = failed = 0


def check(good, name, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(("ok    " if good else "FAIL  ") + name + (f": {detail}" if detail else ""))


def number(x):
    """A JSON number or a decimal text as an exact Fraction; None when it is neither."""
    try:
        return None if x is None or isinstance(x, bool) else F(str(x).replace(",", ""))
    except (ValueError, ZeroDivisionError):
        return None


def by_date(x):
    """{date: count of the day} from a map or a list of rows, daily or cumulative; None when it is neither."""
    if isinstance(x, list):
        pairs = []
        for row in x:
            if isinstance(row, dict):
                names = ("count", "vehicles", "quantity", "produced", "delivered", "total", "units")
                pairs.append((row.get("date"), next((row[n] for n in names if n in row), None)))
            elif isinstance(row, list) and len(row) == 2:
                pairs.append(tuple(row))
        x = dict(pairs)
    if not isinstance(x, dict) or any(number(v) is None or not isinstance(k, str) for k, v in x.items()):
        return None
    return {d[:10]: number(n) for d, n in sorted(x.items())}


def daily(x, total):
    """As by_date; a cumulative series (its last value is the total, its sum is not) becomes a daily one."""
    days = by_date(x)
    if not days:
        return days
    counts = list(days.values())
    if sum(counts) != total and counts[-1] == total and counts == sorted(counts):
        counts = [b - a for a, b in zip([0] + counts, counts)]
    return {d: n for d, n in zip(days, counts) if n}


def cumulative(days):
    return dict(zip(days, itertools.accumulate(days.values())))


def largest_gap(a, b):
    """The largest difference of two daily series, cumulated, and its date."""
    worst, date, x, y = F(0), None, F(0), F(0)
    for d in sorted(set(a) | set(b)):
        x, y = x + a.get(d, 0), y + b.get(d, 0)
        if abs(x - y) > worst:
            worst, date = abs(x - y), d
    return worst, date


def text(x):
    return "missing" if x is None else su7.dec(x) if isinstance(x, F) else str(x)


def compare_production(ref, got):
    want, have = ref["produced"], got.get("produced") or {}
    slack = want["total"] * BUILD_TOLERANCE if want["approximate"] else 0

    def near(a, b):
        return a is not None and abs(a - b) <= slack
    total = number(have.get("total"))
    check(near(total, want["total"]), "produced total", f"{text(total)}, reference {want['total']}")
    for v, n in want["by_variant"].items():
        count = number((have.get("by_variant") or {}).get(v))
        check(near(count, n), f"produced {v}", f"{text(count)}, reference {n}")
    days = daily(have.get("by_date"), total)
    check(days is not None and sum(days.values()) == total, "produced by date adds up to the total")
    days, reference = days or {}, want["by_date"]
    if want["approximate"]:
        gap, date = largest_gap(days, reference)
        check(gap <= slack, "produced by date, cumulated",
              f"largest difference {text(gap)} on {date}, {text(slack)} allowed")
    else:
        off = [d for d in sorted(set(days) | set(reference)) if days.get(d, 0) != reference.get(d, 0)]
        detail = f"{len(reference)} days"
        if off:
            detail = (f"{len(off)} of {len(reference)} days differ, first {off[0]}: "
                      f"{text(days.get(off[0], F(0)))}, reference {reference.get(off[0], 0)}")
        behind = held(days, reference, got) if off and want["total"] < FULL_SIZE else None
        if behind is not None:
            off, detail = [], f"{behind} vehicle-days behind, each named with the part of an option that was missing"
        check(not off, "produced on every day", detail)
    return total


def held(days, reference, got):
    """Vehicle-days that a small run is behind the reference, when the report names every one of them; else None.

    The reference plans options by their shares. In a small run a lot is one car, and a queue may hold no car that fits
    the parts at hand: it waits, the report says for what, and nothing else may differ."""
    cumulated = behind = 0
    for date in sorted(set(days) | set(reference)):
        cumulated += reference.get(date, 0) - days.get(date, 0)
        if cumulated < 0:
            return None
        behind += cumulated
    named = sum(row["vehicle_days"] for row in (got.get("binding") or {}).get("stopped") or [])
    return behind if cumulated == 0 and behind == named and behind * HELD_SHARE <= sum(reference.values()) else None


def compare_milestones(ref, got):
    rows = [m for m in got.get("milestones") or [] if isinstance(m, dict)]
    reached = cumulative(ref["produced"]["by_date"])
    for m in ref["milestones"]:
        name = f"milestone {m['event']} ({m['count']} at this scale)"
        row = next((r for r in rows if str(r.get("date"))[:10] == m["published"]
                    and "produced" in str(r.get("event"))), None)
        if row is None:
            check(False, name, "missing")
            continue
        have = row.get("replayed")
        count = number(have)
        if count is not None:  # the report gives the vehicles by the published date
            want = max((n for d, n in reached.items() if d <= m["published"]), default=0)
            check(count == want, name, f"{text(count)} by {m['published']}, reference {want}")
        elif ref["produced"]["approximate"]:
            check(have is not None or m["replayed"] is None, name,
                  f"{text(have)}, reference about {text(m['replayed'])}")
        else:
            check((have or None) == m["replayed"], name, f"{text(have)}, reference {text(m['replayed'])}")


def compare_delivery(ref, got, produced, until):
    want, have = ref["delivered"], got.get("delivered") or {}
    total, slack = number(have.get("total")), max(F(5), (produced or 0) * DELIVERY_TOLERANCE)
    if until:
        check(total is not None and abs(total - want["total"]) <= slack, "delivered total",
              f"{text(total)}, reference about {want['total']}, {text(slack)} allowed")
    else:
        check(total is not None and total == produced, "delivered total is what was produced", text(total))
    days = daily(have.get("by_date"), total)
    check(days is not None and sum(days.values()) == total, "delivered by date adds up to the total")
    gap, date = largest_gap(days or {}, want["by_date"])
    check(gap <= slack, "delivered by date, cumulated",
          f"largest difference {text(gap)} on {date or 'no day'}, {text(slack)} allowed")
    first = min(days or {}, default=None)
    check(first >= su7.FIRST_HANDOVER.isoformat() if first else not want["total"], "no hand-over before 3 April 2024",
          text(first))


def compare_items(ref, got, produced, until):
    have = {r.get("item"): r for r in got.get("items") or [] if isinstance(r, dict)}
    for item, row in have.items():
        r, i, s = (number(row.get(k)) for k in ("received", "issued", "stock"))
        check(None not in (r, i, s) and r == i + s and s >= 0, f"{item} receipts = issues + stock",
              f"{text(r)} = {text(i)} + {text(s)}")
    for want in ref["items"]:
        item, row = want["item"], have.get(want["item"])
        if row is None:
            check(want["exact"] and number(want["received"]) == 0, f"{item}", "not in the report")
            continue
        wrong = []
        for key in ("received", "issued", "stock", "lots"):
            n, w = number(row.get(key)), want[key]
            if n is None or not (number(w[0]) <= n <= number(w[1]) if isinstance(w, list) else n == number(w)):
                wrong.append(f"{key} {text(n)}, reference {' to '.join(map(str, w)) if isinstance(w, list) else w}")
        first, w = row.get("first_release") or None, want["first_release"]
        if isinstance(w, list):
            fits = w[0] <= first[:10] <= w[1] if first else bool(until) and until < w[1]
        else:
            fits = (first and first[:10]) == w
        if not fits:
            wrong.append(f"first_release {text(first)}, reference {' to '.join(w) if isinstance(w, list) else text(w)}")
        check(not wrong, f"{item} {'exact' if want['exact'] else 'within bounds'}", "; ".join(wrong))
    lots = [number(r.get("lots")) for i, r in have.items() if i in {w["item"] for w in ref["items"]}]
    low, high = ref["lots_total"]
    check(None not in lots and low <= sum(lots) <= high, "lots in total",
          f"{'missing' if None in lots else text(F(sum(lots)))}, reference {low} to {high}")
    for family in ref["families"]:
        names = "+".join(f["item"] for f in family)
        parts = [(number((have.get(f["item"]) or {}).get("issued")), number(f["per_vehicle"])) for f in family]
        count = None if any(n is None for n, _ in parts) else sum((n / q for n, q in parts), F(0))
        check(count is not None and count == produced, f"one of {names} in every vehicle", text(count))


def compare_cost(ref, got):
    want, have = ref["cost"], got.get("cost") or {}
    quarters = have.get("material_per_vehicle_by_quarter") or {}
    if isinstance(quarters, list):
        quarters = {r.get("quarter"): next((v for k, v in r.items() if k != "quarter"), None) for r in quarters}
    for q, m in want["material_per_vehicle_by_quarter"].items():
        n = number(quarters.get(q))
        check(n is not None and abs(n - F(m)) <= F(m) * COST_TOLERANCE, f"material per vehicle {q}",
              f"USD {text(n)}, reference about {m}")
    n = number(have.get("programme_formula_q2"))
    check(n is not None and abs(n - F(want["programme_formula_q2"])) <= FORMULA_TOLERANCE, "programme formula Q2 2024",
          f"USD {text(n)}, reference {want['programme_formula_q2']}")


def compare_disruption(ref, got):
    want = ref["disruption"]
    if want is None:
        return
    told = got.get("disruption") or {}
    have = told.get("all") or {}
    slack = ref["produced"]["total"] * BUILD_TOLERANCE if want["approximate"] else 0
    stop, first = told.get("first_stop") or {}, want["first_stop"] or {}
    for name, n, w in (("late, largest", have.get("late"), want["late"]["largest"]),
                       ("lost", have.get("lost"), want["lost"])):
        n = number(n)
        check(n is not None and abs(n - w) <= slack, f"disruption {name}", f"{text(n)}, reference {w}")
    n, w = number(have.get("vehicle_days_late")), want["vehicle_days"]
    check(n is not None and abs(n - w) <= (w / F(10) if slack else 0), "disruption vehicle-days late",
          f"{text(n)}, reference {w}")
    same = [("late date", have.get("late_on"), want["late"]["date"]),
            ("recovered", have.get("recovered_on"), want["recovered"])]
    if not slack:
        same += [(f"first stop {k}", stop.get(k), first.get(k)) for k in ("date", "variant", "item", "shop")]
    else:
        same = [("first stop date", stop.get("date"), first.get("date"))]
    for name, n, w in same:
        check((n or None) == w, f"disruption {name}", f"{text(n)}, reference {text(w)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("replay", help="the JSON of `takt replay --output json`")
    su7.arguments(parser)
    a = parser.parse_args()
    try:
        with open(a.replay, encoding="utf-8") as f:
            got = json.load(f, parse_float=F)
    except (OSError, ValueError) as error:
        sys.exit(f"{a.replay}: {error}")
    if not isinstance(got, dict):
        sys.exit(f"{a.replay}: not a JSON object")
    ref = su7.reference(a.folder, a.vehicles, a.lots == "as-is", a.disrupt, a.until)
    produced = compare_production(ref, got)
    compare_milestones(ref, got)
    compare_delivery(ref, got, produced, a.until)
    compare_items(ref, got, produced, a.until)
    compare_cost(ref, got)
    compare_disruption(ref, got)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
