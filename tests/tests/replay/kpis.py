"""Counts the key figures of deliveries vehicle by vehicle from the rows of a run, and compares them with what was told.

It must not know how the service counts: no statement here does more than read a table."""

import argparse
import datetime
import json
import sqlite3
import sys

EPOCH = datetime.date(1970, 1, 1)


def day(text):
    return (datetime.date.fromisoformat(text) - EPOCH).days


asked = argparse.ArgumentParser()
asked.add_argument("database")
asked.add_argument("told")
asked.add_argument("--by", default="")
asked.add_argument("--city", default="")
asked.add_argument("--variant", default="")
asked.add_argument("--from", dest="first", type=day, default=-(10**9))
asked.add_argument("--through", dest="last", type=day, default=10**9)
asked = asked.parse_args()

base = sqlite3.connect(f"file:{asked.database}?mode=ro", uri=True)
base.row_factory = sqlite3.Row


def table(name):
    return [dict(row) for row in base.execute(f"SELECT * FROM {name}")]


orders = {row["order_no"]: row for row in table("sales_order")}
loads = {row["shipment_no"]: row for row in table("shipment")}
lanes = {row["lane_no"]: row for row in table("lane")}
variants = {row["variant_no"]: row["variant_id"] for row in table("variant")}
configurations = {row["config_no"]: variants[row["variant_no"]] for row in table("configuration")}
first_promise = {row["order_no"]: row["deliver_on"] for row in table("promise") if row["promise_no"] == 1}
cases = {}
for row in table("service_case"):
    if row["state"] != 5:
        cases.setdefault(row["vin"], []).append(row["opened_on"])
damaged = {row["vin"] for row in table("transport_exception") if row["kind"] == 2}
currencies = {lane["cost_currency"] for lane in lanes.values()}
failed = {row["vin"] for row in table("inspection") if not row["passed"]}

handovers = []
for vehicle in table("vehicle"):
    end = vehicle["handed_over_on"]
    if end is None or not asked.first <= end <= asked.last:
        continue
    order, load = orders[vehicle["order_no"]], loads[vehicle["shipment_no"]]
    lane, variant = lanes[load["lane_no"]], configurations[order["config_no"]]
    if asked.city not in ("", lane["city"]) or asked.variant not in ("", variant):
        continue
    complaints = [on for on in cases.get(vehicle["vin"], []) if on <= min(end + 30, asked.last)]
    handovers.append(
        {
            "city": lane["city"],
            "variant": variant,
            "cost": lane["cost_micros"],
            "month": (EPOCH + datetime.timedelta(days=end)).strftime("%Y-%m"),
            "spans": [
                end - order["locked_on"],
                vehicle["released_on"] - vehicle["built_on"],
                load["departed_on"] - vehicle["released_on"],
                load["arrived_on"] - load["departed_on"],
                end - load["arrived_on"],
            ],
            "holds": [
                end <= first_promise.get(vehicle["order_no"], -(10**9)),
                vehicle["config_no"] == order["config_no"],
                1000 * (load["arrived_on"] - load["departed_on"]) < lane["transit_millidays"] + 1000
                and vehicle["vin"] not in damaged,
                vehicle["vin"] not in failed,
                not complaints,
            ],
        }
    )


def spans(values):
    values = sorted(values)
    count = len(values)
    if count == 0:
        return {"mean_millidays": 0, "median": 0, "p90": 0}
    return {
        "mean_millidays": (2000 * sum(values) + count) // (2 * count),
        "median": values[(50 * count + 99) // 100 - 1],
        "p90": values[(90 * count + 99) // 100 - 1],
    }


def cost(some):
    if not some or len(currencies) != 1 or "" in currencies:
        return None
    mean = (sum(one["cost"] for one in some) + len(some) // 2) // len(some)
    cents = (mean + 5_000) // 10_000
    return f"{min(currencies)} {cents // 100}.{cents % 100:02}"


def figures(some, key):
    holds = [sum(one["holds"][at] for one in some) for at in range(5)]
    product = 1
    for count in holds:
        product *= count
    whole = len(some) ** 5
    names = ["built to released", "released to departed", "in transit", "arrived to handover"]
    return {
        "key": key,
        "handed_over": len(some),
        "order_to_delivery": spans([one["spans"][0] for one in some]),
        "perfect": sum(all(one["holds"]) for one in some),
        "on_first_promise": holds[0],
        "right_configuration": holds[1],
        "no_exception": holds[2],
        "no_failed_inspection": holds[3],
        "no_service_case": holds[4],
        "product_of_shares_millionths": (2_000_000 * product + whole) // (2 * whole) if some else 0,
        "stages": [
            {"stage": name, **spans([one["spans"][at] for one in some])} for at, name in enumerate(names, 1)
        ],
        "transport_cost": cost(some),
    }


expected = {"total": figures(handovers, None), "groups": []}
if asked.by:
    for key in sorted({one[asked.by] for one in handovers}, key=lambda key: key.encode()):
        expected["groups"].append(figures([one for one in handovers if one[asked.by] == key], key))
with open(asked.told, encoding="utf-8") as file:
    told = json.load(file)
if told != expected:
    sys.exit(f"told {json.dumps(told)}\ncounted {json.dumps(expected)}")
