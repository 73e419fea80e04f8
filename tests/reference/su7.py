#!/usr/bin/env python3
"""A second statement of RULES.md: what a replay of a programme folder must give in `--world exact`.

It reads the folder and nothing else, shares no code with the suite, and simulates day by day at the level of items:
plan -> lots -> receipts -> builds -> hand-overs. All quantities are integers or Fractions. What the rules leave to
the choice of single orders (which colour, wheel or interior is built, which city is served) is given as bounds or
marked approximate; everything else is exact. "RULES n" names the rule a line follows.

    su7.py FOLDER [--vehicles N] [--lots as-is] [--disrupt SUPPLIER@DATE:DAYS]... [--until DATE]
"""
import argparse
import csv
import datetime as dt
import itertools
import json
import math
import os
import sys
from collections import defaultdict
from fractions import Fraction as F

import yaml

DAY0 = dt.date(2024, 3, 28)            # RULES 8: launch; day n is n days later
FIRST_HANDOVER = dt.date(2024, 4, 3)   # RULES 8: no handover before
FULL = 100_000                         # RULES 10: the scale of the files
FOUNDERS_SHARE = F(5, 100)             # RULES 10: of the first locked STD and MAX orders
FOUNDERS_VARIANTS = ("STD", "MAX")
FURTHER_DAYS = 365                     # RULES 8: building goes on at most so long after the plan
CNY_PER_USD = F(72, 10)                # programme.yaml, economics.mix.note
PER_VARIANT = ("WHEEL",)               # RULES 9: shares given by variant


def num(text):
    """The exact value of a decimal in a file, never by way of a float."""
    return F(str(text).strip())


def day_of(date):
    return ((date if isinstance(date, dt.date) else dt.date.fromisoformat(str(date))) - DAY0).days


def date_of(day):
    return None if day is None else (DAY0 + dt.timedelta(days=day)).isoformat()


def dec(x, places=3):
    """A Fraction as a decimal string, rounded half to even, without trailing zeros."""
    scaled = round(F(x) * 10 ** places)
    sign, scaled = ("-", -scaled) if scaled < 0 else ("", scaled)
    whole, rest = divmod(scaled, 10 ** places)
    return f"{sign}{whole}" + (f".{rest:0{places}d}".rstrip("0") if rest else "")


class Apportion:
    """Largest remainder with carry: splits a stream of counts by weights; ties in the order of the weights."""

    def __init__(self, weights):
        total = sum(weights.values())
        self.weights = {k: F(w) / total for k, w in weights.items()}
        self.carry = dict.fromkeys(weights, F(0))

    def take(self, count):
        quota = {k: self.carry[k] + count * w for k, w in self.weights.items()}
        given = {k: max(0, math.floor(q)) for k, q in quota.items()}
        by_rest = sorted(quota, key=lambda k: given[k] - quota[k])  # a stable sort: ties in file order
        short = count - sum(given.values())
        for k in by_rest[:max(short, 0)]:
            given[k] += 1
        for k in itertools.islice((k for k in reversed(by_rest) if given[k]), max(-short, 0)):
            given[k] -= 1
        self.carry = {k: quota[k] - given[k] for k in quota}
        return given


class Programme:
    """The folder, read once: items with their sources, the exploded BOM, ramp plan, capacity, orders, lanes."""

    def __init__(self, folder, vehicles=FULL, lots_as_is=False):
        def rows(name):
            with open(os.path.join(folder, name), newline="", encoding="utf-8") as f:
                return list(csv.DictReader(f))
        with open(os.path.join(folder, "programme.yaml"), encoding="utf-8") as f:
            self.yaml = yaml.safe_load(f)
        self.vehicles, self.lots_as_is = vehicles, lots_as_is
        self.variants = list(self.yaml["units_by_variant"])
        self.share = {v["id"]: num(v["share"]) for v in self.yaml["variants"]}
        self.order_from = day_of(self.yaml["order_from"])
        lanes = rows("logistics.csv")
        # RULES 4: fractions of a transit day round up.
        self.transit = {r["supplier_id"]: math.ceil(num(r["transit_days"])) for r in lanes if r["kind"] == "inbound"}
        self.outbound = {r["lane_id"]: (num(r["share"]), math.ceil(num(r["transit_days"])))
                         for r in lanes if r["kind"] == "outbound"}
        self.read_items(rows("items.csv"))
        self.read_bom(rows("bom.csv"))
        self.read_options()
        self.read_calendar(rows("daily.csv"), rows("routing.csv"))
        self.read_orders(rows("orders.csv"))

    def scaled(self, cumulative):
        """RULES 10: cumulative x N / 100,000, floored."""
        return math.floor(cumulative * self.vehicles / FULL)

    def read_items(self, rows):
        self.items, self.sources = {}, defaultdict(list)
        for r in rows:
            item = r["item_id"]
            if num(r.get("order_yield") or 1) != 1:
                sys.exit(f"items.csv: {item}: order_yield is not part of this reference")
            lot = num(r["lot_size"])
            if not self.lots_as_is:  # RULES 10
                lot = max(1, math.ceil(lot * self.vehicles / FULL))
            facts = dict(make=r["make_buy"] == "make", shop=r["shop"], price=num(r["unit_cost_usd"]), lot=lot)
            if self.items.setdefault(item, facts) != facts:
                sys.exit(f"items.csv: {item}: its rows do not agree")
            self.sources[item].append((r["supplier_id"], num(r["share"]), int(r["lead_time_days"])))
        self.bought = [i for i in self.items if not self.items[i]["make"]]

    def read_bom(self, rows):
        """Explodes the vehicle into (bought item, quantity, {key: allowed values}) paths. RULES 1: requirement =
        parent quantity x qty; mass_yield and first_pass_yield never divide it."""
        children = defaultdict(list)
        for r in rows:
            gross = num(r["qty"]) / (1 - num(r.get("component_scrap") or 0))
            condition = {}
            for part in filter(None, r["variant_condition"].split(";")):
                key, values = part.split("=")
                condition[key] = frozenset(values.split(","))
            children[r["parent"]].append((r["child"], gross, condition))
        below = {r["child"] for r in rows}
        root = next(i for i in self.items if i not in below)
        self.paths = []

        def walk(item, quantity, condition):
            if not self.items[item]["make"]:
                self.paths.append((item, quantity, condition))
            for child, gross, own in children[item]:
                both = dict(condition)
                for key, values in own.items():
                    both[key] = both.get(key, values) & values
                walk(child, quantity * gross, both)
        walk(root, F(1), {})
        self.keys_of = defaultdict(set)  # item -> option keys (not VAR) that its use depends on
        for item, _, condition in self.paths:
            self.keys_of[item] |= set(condition) - {"VAR"}

    def read_options(self):
        options = self.yaml["options"]
        self.values = {v: {} for v in self.variants}  # variant -> key -> {value: share}
        for v in self.variants:
            for key, option in options.items():
                shares = option["by_variant"][v] if key in PER_VARIANT else option.get("values")
                if shares:
                    self.values[v][key] = {value: num(s) for value, s in shares.items() if num(s)}
        # RULES 10: the first 0.05 N locked STD and MAX orders, which come in the ratio of the shares.
        count = math.floor(FOUNDERS_SHARE * self.vehicles)
        split = Apportion({v: self.share[v] for v in FOUNDERS_VARIANTS if v in self.variants}).take(count)
        self.founders = {v: split.get(v, 0) for v in self.variants}

    def read_calendar(self, daily, routing):
        """Ramp plan and capacity, cumulative, by day. RULES 6: the least of the day's capacity, the takt and each
        operation binds, in whole vehicles a day; an operation for some variants limits the sum of those."""
        self.last = max(int(r["day"]) for r in daily if int(r["shifts"]) > 0)  # later rows only carry deliveries
        by_day = {int(r["day"]): r for r in daily}
        hours = [(day_of(s["first"]), day_of(s["last"]), num(s["hours_per_shift"])) for s in self.yaml["shifts"]]
        takt = num(self.yaml["plant"]["takt_s"])
        operations = []
        for r in routing:
            applies = r["applies_to"].split(",")
            group = frozenset(self.variants if applies == ["ALL"] else applies)
            operations.append((group, num(r["cycle_time_s"]) / int(r["parallel_stations"])))
        self.groups = list(dict.fromkeys([frozenset(self.variants)] + [g for g, _ in operations]))
        self.plan = {v: [0] for v in self.variants}
        self.capacity = {g: [0] for g in self.groups}
        plan, capacity = dict.fromkeys(self.variants, 0), dict.fromkeys(self.groups, 0)
        for day in range(1, self.last + FURTHER_DAYS + 1):
            row = by_day[min(day, self.last)]  # RULES 8: beyond the plan that day's shifts and capacity
            per_shift = next(h for a, b, h in hours if a <= min(day, self.last) <= b)
            seconds = int(row["shifts"]) * per_shift * 3600
            limit = {g: math.floor(seconds / takt) for g in self.groups}
            limit[self.groups[0]] = min(limit[self.groups[0]], int(row["capacity"]))
            for group, cycle in operations:
                limit[group] = min(limit[group], math.floor(seconds / cycle))
            for g in self.groups:  # a group never has more than the whole line, so scaling cannot part them
                capacity[g] += min(limit[g], limit[self.groups[0]])
                self.capacity[g].append(self.scaled(capacity[g]))
            for v in self.variants:
                plan[v] += int(row["produced_" + v.lower()]) if day <= self.last else 0
                self.plan[v].append(self.scaled(plan[v]))
        self.total = sum(self.plan[v][-1] for v in self.variants)

    def read_orders(self, rows):
        """RULES 9: locked orders by day and variant, cumulative, as (day -> {variant: count})."""
        split, total, self.orders = Apportion({v: self.share[v] for v in self.variants}), defaultdict(int), {}
        for r in rows:
            for v, n in split.take(int(r["new_locked_orders"])).items():
                total[v] += n
            self.orders[day_of(r["date"])] = {v: self.scaled(total[v]) for v in self.variants}

    def orders_by(self, day):
        open_days = [d for d in self.orders if d <= day]
        return self.orders[max(open_days)] if open_days else dict.fromkeys(self.variants, 0)

    def unsettled(self, built, key):
        """Of the vehicles built, by variant, those whose value of an option key hangs on single orders: the oldest
        orders are built, and over whole days of orders the shares hold by largest remainder (RULES 9), so only the
        vehicles after the last day whose orders are all built remain. A key by variant counts each by itself."""
        rest = {}
        for v in self.variants:
            group = [v] if key in PER_VARIANT else self.variants
            whole = [n for n in self.orders.values() if all(n[w] <= built[w] for w in group)]
            rest[v] = built[v] - max((n[v] for n in whole), default=0)
        return rest

    def probability(self, condition, choice, variant):
        """How likely a vehicle with the given choices meets a condition: 1 or 0 where all its keys are chosen."""
        p = F(1)
        for key, allowed in condition.items():
            if key in choice:
                p *= choice[key] in allowed
            else:
                p *= sum((s for value, s in self.values[variant][key].items() if value in allowed), F(0))
        return p

    def vector(self, choice):
        """Quantity of each bought item in a vehicle; for keys left open, its expectation by the option shares."""
        need = defaultdict(F)
        for item, quantity, condition in self.paths:
            p = self.probability(condition, choice, choice["VAR"])
            if p:
                need[item] += quantity * p
        return dict(need)


class Classes:
    """The vehicles of a variant, split as far as parts make a difference: always by EDITION, and by an option key
    where a part of it can be missing. Each class has its share of the variant's plan."""

    def __init__(self, programme, split_keys=()):
        self.split = bool(split_keys)
        self.all, self.of = [], {v: [] for v in programme.variants}
        for v in programme.variants:
            keys = sorted(split_keys)
            combos = {c: math.prod((programme.values[v][k][x] for k, x in zip(keys, c)), start=F(1))
                      for c in itertools.product(*(programme.values[v][k] for k in keys))}
            founders = min(programme.founders[v], programme.plan[v][-1])
            for edition in ("FOUNDERS", "NORMAL"):  # RULES 10: founders are built first within their variant
                split, plan = Apportion(combos), {c: [0] for c in combos}
                cumulative = [min(n, founders) if edition == "FOUNDERS" else max(0, n - founders)
                              for n in programme.plan[v]]
                for before, now in zip(cumulative, cumulative[1:]):
                    for c, n in split.take(now - before).items():
                        plan[c].append(plan[c][-1] + n)
                for c in combos:
                    if not founders and edition == "FOUNDERS":
                        continue
                    choice = dict(zip(keys, c), VAR=v, EDITION=edition)
                    self.of[v].append(len(self.all))
                    pool = plan[c][-1] if edition == "FOUNDERS" else None  # how many such orders there are
                    self.all.append(dict(variant=v, plan=plan[c], pool=pool, need=programme.vector(choice)))


def run(programme, classes, supply=None):
    """The line, day by day. RULES 11: missed vehicles first (by planned day, then variant in file order), within
    capacity, never ahead of the ramp plan; a missing part stops only the vehicles that need it. Without `supply`
    this is the plan that capacity allows; with it, {item: {day: quantity received that evening}} and the orders
    bind too. Returns the builds of each class by day and the stops (day, variant, item)."""
    P, C = programme, classes.all
    built, built_v = [0] * len(C), dict.fromkeys(P.variants, 0)
    made, stops, oldest = [], [], 1
    stock = {i: sum((q for d, q in days.items() if d < 0), F(0)) for i, days in (supply or {}).items()}
    users = defaultdict(list)
    for c, k in enumerate(C):
        for item in k["need"]:
            users[item].append(c)
    for day in range(1, P.last + FURTHER_DAYS + 1):
        today = [0] * len(C)
        made.append(today)
        left = {g: P.capacity[g][day] - P.capacity[g][day - 1] for g in P.groups}
        horizon = min(day, P.last)
        allowed = {v: P.plan[v][horizon] - built_v[v] for v in P.variants}
        tight = {}
        if supply is not None:
            allowed = {v: min(allowed[v], P.orders_by(day)[v] - built_v[v]) for v in P.variants}
            for item, receipts in supply.items():  # RULES 5: received on the evening before use
                stock[item] += receipts.get(day - 1, 0)
                worst = sum(allowed[v] * max((C[c]["need"][item] for c in users[item] if C[c]["variant"] == v),
                                             default=F(0)) for v in P.variants)
                if stock[item] < worst:
                    tight[item] = None

        def build(c, want):
            """As many of a class as capacity and parts allow; notes the part that stops it."""
            v, item = C[c]["variant"], None
            can = min([want, allowed[v]] + [left[g] for g in P.groups if v in g])
            for i in tight:
                if i in C[c]["need"] and stock[i] // C[c]["need"][i] < can:
                    can, item = stock[i] // C[c]["need"][i], i
            if item:
                stops.append((day, v, item))
            if can > 0:
                today[c] += can
                built[c] += can
                built_v[v] += can
                allowed[v] -= can
                for g in P.groups:
                    left[g] -= can if v in g else 0
                if supply is not None:
                    for i, q in C[c]["need"].items():
                        stock[i] -= q * can

        for planned in range(oldest, horizon + 1):
            if left[P.groups[0]] <= 0:
                break
            for v in P.variants:
                for c in classes.of[v]:  # in the order of the plan
                    want = min(C[c]["plan"][planned] - built[c], P.plan[v][planned] - built_v[v])
                    if want > 0:
                        build(c, want)
                for c in classes.of[v]:  # RULES 9: else the oldest open order whose parts are there
                    want = P.plan[v][planned] - built_v[v]
                    if C[c]["pool"] is not None:
                        want = min(want, C[c]["pool"] - built[c])
                    if want > 0 and tight:
                        build(c, want)
        while oldest < horizon and all(built_v[v] >= P.plan[v][oldest] for v in P.variants):
            oldest += 1
        if sum(built) == P.total and day >= P.last:
            break
    return made, stops


def order_lots(programme, classes, made):
    """RULES 4, 5, 7, 8: the lots of each item for the planned builds: {item: {(supplier, release, receipt): lots}}.
    The k-th lot is needed on the first day whose cumulative need exceeds k-1 lots; it goes to the supplier
    furthest below its share of k lots; it is released so that it arrives the evening before, not before order_from."""
    P, orders = programme, {}
    need, series = defaultdict(F), defaultdict(list)  # series: item -> [(day, cumulative need)]
    for day, today in enumerate(made, 1):
        for c, n in enumerate(today):
            if n:
                for item, q in classes.all[c]["need"].items():
                    need[item] += n * q
        for item in need:
            series[item].append((day, need[item]))
    for item in P.bought:
        lines, sources, counts, k = defaultdict(int), P.sources[item], [0] * len(P.sources[item]), 0
        scale = math.lcm(*(s.denominator for _, s, _ in sources))
        weights = [int(s * scale) for _, s, _ in sources]
        for day, cumulative_need in series[item]:
            wanted = math.ceil(cumulative_need / P.items[item]["lot"])
            while k < wanted:
                k += 1
                s = max(range(len(sources)), key=lambda s: (weights[s] * k - counts[s] * scale, -s))
                counts[s] += 1
                supplier, _, lead = sources[s]
                release = max(P.order_from, day - 1 - lead)
                lines[supplier, release, release + lead] += 1
        orders[item] = lines
    return orders, series


def receipts(programme, orders, outages=()):
    """Evening by evening what arrives. RULES 13: shipments due in an outage leave together when it ends."""
    supply = {}
    for item, lines in orders.items():
        days = defaultdict(F)
        for (supplier, _, receipt), lots in lines.items():
            ship = receipt - programme.transit[supplier]
            for who, first, end in sorted(outages, key=lambda o: o[1]):
                if who == supplier and first <= ship < end:
                    ship = end
            days[ship + programme.transit[supplier]] += lots * programme.items[item]["lot"]
        supply[item] = dict(days)
    return supply


def shortfall(programme, base, stops, disturbed, disturbed_stops):
    """RULES 13, over all variants, against the undisturbed run."""
    def cumulative(made):
        return list(itertools.accumulate(sum(today) for today in made))
    length = max(len(base), len(disturbed))
    if not length:
        return dict(late=dict(largest=0, date=None), recovered=None, lost=0, vehicle_days=0, first_stop=None)
    a, b = ([c[min(d, len(c) - 1)] for d in range(length)] for c in (cumulative(base), cumulative(disturbed)))
    gap = [max(0, x - y) for x, y in zip(a, b)]
    first = next((d for d, g in enumerate(gap) if g), None)
    recovered = None if first is None else next((d + 1 for d in range(first, length) if not gap[d]), None)
    known = set(stops)
    new = [s for s in disturbed_stops if s not in known]
    stop = min(new, key=lambda s: (s[0], programme.variants.index(s[1]))) if new else None
    return dict(late=dict(largest=max(gap), date=date_of(gap.index(max(gap)) + 1) if first is not None else None),
                recovered=date_of(recovered), lost=gap[min(programme.last, length) - 1], vehicle_days=sum(gap),
                first_stop=stop and dict(date=date_of(stop[0]), variant=stop[1], item=stop[2],
                                         shop=programme.items[stop[2]]["shop"]))


def handovers(programme, made, until):
    """RULES 12, with the day's completions spread over the lanes by their normalised shares (approximate: the
    replay takes the lane of each order's city)."""
    split, days = Apportion({lane: share for lane, (share, _) in programme.outbound.items()}), defaultdict(int)
    for day, today in enumerate(made, 1):
        for lane, n in split.take(sum(today)).items():
            if n:
                days[max(day + programme.outbound[lane][1], day_of(FIRST_HANDOVER))] += n
    return {d: n for d, n in sorted(days.items()) if d <= until}


def cost(programme, classes, made):
    """RULES 2, 3: material is bought items only; the programme formula of `economics` and the cars as built."""
    P, y = programme, programme.yaml

    def usd(need):
        return sum(q * P.items[i]["price"] for i, q in need.items())
    per_class = [usd(k["need"]) for k in classes.all]
    money, count = defaultdict(F), defaultdict(int)
    for day, today in enumerate(made, 1):
        date = DAY0 + dt.timedelta(days=day)
        quarter = f"{date.year}Q{(date.month + 2) // 3}"
        money[quarter] += sum(n * m for n, m in zip(today, per_class))
        count[quarter] += sum(today)
    built = {q: money[q] / count[q] for q in money if count[q]}
    reference = y["bom_rules"]["reference_configs"]
    mix = sum(P.share[v] * usd(P.vector(reference[v])) for v in P.variants)
    economics = y["economics"]["mix"]
    q2 = next(q for q in y["published_volumes"]["quarters_reported"] if q["quarter"] == "2024Q2")
    monthly = num(economics["fixed_manufacturing_per_month_usd"]) + num(economics["opex_rd_sga_per_month_usd"])
    before = (num(q2["asp_cny"]) / CNY_PER_USD - num(economics["variable_conversion"])
              - 3 * monthly / num(q2["deliveries"]))
    as_built = built.get("2024Q2")
    return dict(material_per_vehicle_by_quarter={q: dec(m, 2) for q, m in sorted(built.items())},
                basis="options by their shares; the replay's cars differ by their orders",
                material_reference_mix=dec(mix, 2), programme_formula_q2=dec(before - mix, 2),
                as_built_q2_at_reported_price=None if as_built is None else dec(before - as_built, 2))


def item_row(programme, classes, item, made, orders, series, supply, until):
    """One line of the ledger. Exact where only the variant decides; else bounds around the option shares."""
    P, lot, by_shares = programme, programme.items[item]["lot"], bool(programme.keys_of[item])
    released = [release for (_, release, _) in orders[item] if release <= until]
    received = sum((q for d, q in supply[item].items() if d <= until), F(0))
    totals = [sum(today[c] for today in made) for c in range(len(classes.all))]
    issued = sum((n * k["need"].get(item, F(0)) for n, k in zip(totals, classes.all)), F(0))
    first = min(released, default=None)
    if not by_shares:
        return dict(item=item, exact=True, received=dec(received), issued=dec(issued), stock=dec(received - issued),
                    lots=int(received / lot), first_release=date_of(first))
    # Around the shares: five standard deviations of the vehicles that hang on single orders (all of them, when a part
    # of an option is short), and three pieces for the rounding of the orders.
    variance, most, piece = F(0), F(0), F(0)
    built = {v: sum(totals[c] for c in classes.of[v]) for v in P.variants}
    keys = P.keys_of[item]
    drawn = built if classes.split or len(keys) > 1 else P.unsettled(built, next(iter(keys)))
    for v, n in built.items():
        for path, quantity, condition in P.paths:
            if path != item:
                continue
            fixed = {"VAR": v, "EDITION": "FOUNDERS"} if "EDITION" in condition else {"VAR": v}
            p = P.probability(condition, fixed, v)
            if "EDITION" in condition:  # the split of the founders over the variants is uncertain by rounding only
                whole = min(n, P.founders[v])
                most += whole * quantity if p else 0
                variance += 0 if n in (0,) or n >= P.founders[v] + 5 else 4 * quantity ** 2
            else:
                variance += drawn[v] * p * (1 - p) * quantity ** 2
                most += n * quantity if p else 0
            piece = max(piece, quantity)
    exactly = "EDITION" in keys and not variance
    slack = F(0) if exactly else 5 * (math.isqrt(math.ceil(variance)) + 1) + 3 * piece
    low, high = max(F(0), issued - slack), min(most, issued + slack)
    # Received: at least what was issued, at most a lot more than the upper need of the day after `until`.
    ahead = max((n for d, n in series[item] if d <= until + 1), default=F(0))
    top = (math.ceil(max(high, ahead + slack) / lot) + 1) * lot if series[item] else F(0)
    bottom = math.ceil(low / lot) * lot
    # First release: not before the earliest possible, at latest when the expectation has grown to eight vehicles.
    days, leads = [d for d, _ in series[item]], [lead for _, _, lead in P.sources[item]]
    late_day = next((d for d, n in series[item] if n >= 8 * piece), days[-1] if days else None)
    window = None if not days else [date_of(max(P.order_from, -max(leads))),
                                    date_of(max(P.order_from, late_day - 1 - min(leads)))]
    return dict(item=item, exact=False, received=[dec(bottom), dec(top)], issued=[dec(low), dec(high)],
                stock=["0", dec(top - low)], lots=[int(bottom / lot), int(top / lot)], first_release=window,
                expected=dict(received=dec(received), issued=dec(issued), first_release=date_of(first)))


def families(programme):
    """Sets of items of which every vehicle takes exactly one (one colour, one wheel ...): their issues, each
    divided by its quantity, add up to the vehicles built, whatever the orders choose."""
    uses, found = defaultdict(int), []
    for item, _, _ in programme.paths:
        uses[item] += 1
    for key in {k for keys in programme.keys_of.values() for k in keys} - {"EDITION"}:
        wanted = set().union(*(programme.values[v].get(key, {}) for v in programme.variants))
        current, seen = [], set()
        for item, quantity, condition in programme.paths:
            if set(condition) != {key} or uses[item] > 1:
                continue
            if seen & condition[key]:
                current, seen = [], set()
            current.append(dict(item=item, per_vehicle=dec(quantity)))
            seen |= condition[key]
            if wanted <= seen:
                found.append(current)
                current, seen = [], set()
    return sorted(found, key=lambda f: f[0]["item"])


def reference(folder, vehicles=FULL, lots_as_is=False, disrupt=(), until=None):
    """The whole answer for one folder and one set of options."""
    P = Programme(folder, vehicles, lots_as_is)
    outages, end = [], day_of(until) if until else 10 ** 5
    for text in disrupt:
        supplier, _, when = text.partition("@")
        date, _, days = when.partition(":")
        if not any(s == supplier for i in P.bought for s, _, _ in P.sources[i]):
            sys.exit(f"--disrupt {text}: {supplier} is not a direct supplier")
        outages.append((supplier, day_of(date), day_of(date) + int(days)))
    classes = Classes(P)
    planned, _ = run(P, classes)
    orders, series = order_lots(P, classes, planned)
    # An option whose part can be missing needs its own class; then the builds depend on single orders.
    hit, split = {o[0] for o in outages}, set()
    for item, lines in orders.items():
        late = any(release == P.order_from and release + lead > day_use - 1
                   for s, _, lead in P.sources[item] for (who, release, _) in lines if who == s
                   for day_use in [series[item][0][0]])
        if P.keys_of[item] and (late or any(s in hit for s, _, _ in lines)):
            split |= P.keys_of[item] - {"EDITION"}
    if split:
        classes = Classes(P, split)
        planned, _ = run(P, classes)
        orders, series = order_lots(P, classes, planned)
    supply = receipts(P, orders)
    made, stops = run(P, classes, supply)
    disruption = None
    if outages:
        base, base_stops = made, stops  # the undisturbed run; the orders to suppliers stay as they are
        supply = receipts(P, orders, outages)
        made, stops = run(P, classes, supply)
        disruption = shortfall(P, base[:max(0, end)], base_stops, made[:max(0, end)],
                               [s for s in stops if s[0] <= end])
        disruption["approximate"] = bool(split)
    made = made[:max(0, end)]
    by_date = {date_of(d): sum(today) for d, today in enumerate(made, 1) if sum(today)}
    by_variant = {v: sum(today[c] for today in made for c in classes.of[v]) for v in P.variants}
    first = {v: next((date_of(d) for d, t in enumerate(made, 1) if any(t[c] for c in classes.of[v])), None)
             for v in P.variants}
    marks, milestones = [(10_000, P.scaled(10_000)), (FULL, P.total)], []  # RULES 10: milestone counts scale
    counts = list(itertools.accumulate(sum(today) for today in made))
    for mark, count in marks:
        reached = next((d for d, n in enumerate(counts, 1) if n >= count), None)
        published = next((str(m["date"]) for m in P.yaml["milestones"] if m.get("cum_produced") == mark), None)
        milestones.append(dict(event=f"{mark} produced", count=count, published=published,
                               replayed=date_of(reached)))
    delivered = handovers(P, made, end)
    held = {}
    for day, v, item in stops:
        if day <= end:
            held.setdefault((v, item), [day, day])[1] = day
    rows = [item_row(P, classes, i, made, orders, series, supply, end) for i in P.bought]
    bounds = [r["lots"] if isinstance(r["lots"], list) else [r["lots"]] * 2 for r in rows]
    return dict(
        folder=os.path.basename(os.path.abspath(folder)),
        options=dict(vehicles=vehicles, lots="as-is" if lots_as_is else "scaled", disrupt=list(disrupt),
                     until=until),
        produced=dict(total=sum(by_variant.values()), by_variant=by_variant, by_date=by_date,
                      by_plan_end=sum(sum(t) for t in made[:P.last]), first_by_variant=first,
                      approximate=bool(split)),
        delivered=dict(total=sum(delivered.values()), by_date={date_of(d): n for d, n in delivered.items()},
                       approximate=True),
        milestones=milestones,
        orders_locked=sum(P.orders_by(end).values()),
        lots_total=[sum(b[0] for b in bounds), sum(b[1] for b in bounds)],
        held=[dict(variant=v, item=i, shop=P.items[i]["shop"], first=date_of(a), last=date_of(b))
              for (v, i), (a, b) in sorted(held.items(), key=lambda h: (h[1], h[0]))],
        disruption=disruption, items=rows, families=families(P), cost=cost(P, classes, made))


def arguments(parser):
    parser.add_argument("folder", help="the programme folder")
    parser.add_argument("--vehicles", type=int, default=FULL, metavar="N", help="scale of the run (RULES 10)")
    parser.add_argument("--lots", choices=["as-is", "scaled"], default="scaled", help="keep lot sizes (RULES 10)")
    parser.add_argument("--disrupt", action="append", default=[], metavar="SUPPLIER@DATE:DAYS", help="RULES 13")
    parser.add_argument("--until", metavar="DATE", help="stop after this date")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments(parser)
    a = parser.parse_args()
    json.dump(reference(a.folder, a.vehicles, a.lots == "as-is", a.disrupt, a.until), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
