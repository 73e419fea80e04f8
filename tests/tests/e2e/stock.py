"""Places the safety stock of `takt stock --output json` anew with stockpyl, by another hand. Arguments: the answer, the most seconds."""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")
from stockpyl.demand_source import DemandSource
from stockpyl.gsm_tree import optimize_committed_service_times
from stockpyl.supply_chain_network import SupplyChainNetwork
from stockpyl.supply_chain_node import SupplyChainNode


def trees(stages):
    """The stages of each source by themselves: a stage stands behind its customer."""
    roots = {}
    for at, stage in enumerate(stages):
        customer = stage["customer"]
        roots[at] = at if customer is None else roots[customer]
    for root in sorted(set(roots.values())):
        yield [at for at in range(len(stages)) if roots[at] == root]


def cheapest(stages, places, quantile):
    """What stockpyl says that the stages at these places tie up."""
    network = SupplyChainNetwork()
    for at in places:
        stage, is_end = stages[at], stages[at]["customer"] is None
        node = SupplyChainNode(
            at,
            processing_time=stage["processing_days"],
            # A site's need is its share of the part's: its deviation stands in its price, and that of the end is one.
            local_holding_cost=stage["unit_value"] * stage["deviation"],
            demand_bound_constant=quantile,
            external_inbound_cst=0,
            external_outbound_cst=0 if is_end else None,
        )
        if is_end:
            node.demand_source = DemandSource(type="N", mean=0, standard_deviation=1)
        network.add_node(node)
    for at in places:
        if stages[at]["customer"] is not None:
            network.add_edge(at, stages[at]["customer"])
    return optimize_committed_service_times(tree=network)[1]


def main(answer, most):
    with open(answer, encoding="utf-8") as file:
        told = json.load(file)
    begun, passed, failed, stages, left = time.monotonic(), 0, 0, 0, 0
    # The deepest go first, until time is up.
    parts = [part for part in told["parts"] if len(part["stages"]) > 1]
    parts.sort(key=lambda part: -len(part["stages"]))
    for part in parts:
        if time.monotonic() - begun > float(most):
            left += 1
            continue
        want = sum(cheapest(part["stages"], places, told["quantile"]) for places in trees(part["stages"]))
        have = part["optimum"]
        stages += len(part["stages"])
        if abs(have - want) <= 1e-6 * max(1.0, want):
            passed += 1
        else:
            failed += 1
            print(f"{part['item']}: takt {have}, stockpyl {want}")
    print(f"{passed} passed, {failed} failed; {stages} stages, {left} parts left for want of time, {time.monotonic() - begun:.1f} s")
    sys.exit(1 if failed or not passed else 0)


main(*sys.argv[1:])
