"""Judges the groups of `takt cases clusters --all --output json` anew with scipy, and counts the lots of an item that every vehicle has
from the databases. Arguments: the answer, the folder of the run, the item."""

import json
import sqlite3
import sys

from scipy.stats import binom


def near(have, want, unit):
    """The answer is rounded up to a unit."""
    return want - 1e-9 * want - 1e-15 <= have <= want + unit + 1e-9 * want


def judged(told):
    """The groups whose probability or correction is another one."""
    before, wrong = 0.0, []
    for rank, one in enumerate(told["clusters"]):
        days = one["vehicle_days"] + one["other_vehicle_days"]
        failures = one["failed"] + one["other_failed"]
        share = one["vehicle_days"] / days
        p = binom.sf(one["failed"] - 1, failures, share)
        before = max(before, min(1.0, p * (told["tested"] - rank)))
        good = near(one["p_value"], p, 1e-12) and near(one["adjusted_p_value"], before, 1e-6)
        good &= one["significant"] == (before <= told["level"])
        good &= abs(one["expected"] - failures * share) < 0.001
        if not good:
            wrong.append((one, p, before))
    return wrong


def counted(folder, item):
    """Of each lot of an item: the vehicles handed over with it and those in which it failed within 90 days."""
    production = sqlite3.connect(f"file:{folder}/production.sqlite?mode=ro", uri=True)
    delivery = sqlite3.connect(f"file:{folder}/delivery.sqlite?mode=ro", uri=True)
    number = production.execute("SELECT item_no FROM item WHERE item_id = ?", [item]).fetchone()[0]
    suppliers = dict(production.execute("SELECT supplier_rank, supplier_id FROM lot_source WHERE item_no = ?", [number]))
    handed = {build: on for build, on in delivery.execute("SELECT build_no, handed_over_on FROM vehicle WHERE handed_over_on IS NOT NULL")}
    lots = {}
    ranges = "SELECT lot_number, first_build, last_build FROM asbuilt_range WHERE lot_number / 1000000000 = ?"
    for lot, first, last in production.execute(ranges, [number]):
        name = f"{item}.{suppliers[lot % 1000000000 // 10000000]}.{lot % 10000000:06}"
        lots.setdefault(name, set()).update(build for build in range(first, last + 1) if build in handed)
    failed = {}
    cases = "SELECT c.lot_id, w.build_no, c.opened_on FROM service_case c JOIN vehicle w ON w.vin = c.vin WHERE c.item_id = ?"
    for lot, build, on in delivery.execute(cases, [item]):
        if on - handed[build] < 90 and build in lots.get(lot, ()):
            failed.setdefault(lot, set()).add(build)
    return {lot: (len(lots[lot]), len(builds)) for lot, builds in failed.items()}


told = json.load(open(sys.argv[1], encoding="utf-8"))
wrong = judged(told)
want = counted(sys.argv[2], sys.argv[3])
have = {one["key"]: (one["vehicles"], one["failed"]) for one in told["clusters"] if one["item"] == sys.argv[3] and one["by"] == "lot"}
if have != want:
    wrong.append((have, want))
for one in wrong[:5]:
    print(one)
print(f"{len(told['clusters']) - len(wrong)} groups and {len(want)} lots passed, {len(wrong)} failed")
