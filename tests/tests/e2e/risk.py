"""Asks the linear programme of `takt risk --lp FILE` anew with HiGHS, by another hand: Simchi-Levi et al., Interfaces 45(5), 2015,
models TTR and TTS, made from the network's own figures in units of goods. Arguments: files."""

import json
import math
import sys
import time

import highspy

# A survival that is longer, in days, is told as one without end.
HORIZON = 3650.0


class Programme:
    """A linear programme under construction; every variable is at least 0."""

    def __init__(self):
        self.cost, self.upper = [], []
        self.rows, self.bounds = [], []

    def variable(self, upper=math.inf, cost=0.0):
        self.cost.append(cost)
        self.upper.append(upper)
        return len(self.cost) - 1

    def at_most(self, terms, bound):
        """The sum of factor x variable is at most the bound."""
        self.rows.append(terms)
        self.bounds.append(bound)

    def solve(self, maximise=False):
        """The values of the variables at the optimum."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(self.rows)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = self.cost, [0.0] * len(self.cost), self.upper
        lp.row_lower_, lp.row_upper_ = [-math.inf] * len(self.rows), self.bounds
        start, index, value = [0], [], []
        for row in self.rows:
            merged = {}
            for factor, variable in row:
                merged[variable] = merged.get(variable, 0.0) + factor
            index += merged.keys()
            value += merged.values()
            start.append(len(index))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = start, index, value
        lp.sense_ = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.passModel(lp)
        solver.run()
        status = solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"HiGHS: {solver.modelStatusToString(status)}")
        return list(solver.getSolution().col_value)


class Network:
    """The network of a file with the needs of a pace: vehicles of each product a day, the mean of the first days."""

    def __init__(self, told):
        self.told = told
        self.nodes = told["nodes"]
        self.out = [[] for _ in self.nodes]
        self.into = {}
        for link in told["links"]:
            to = ("node", link["to_node"]) if link["to_part"] is None else ("part", link["to_part"])
            link["to"] = to
            self.out[link["from"]].append(link)
            self.into.setdefault(to, {}).setdefault(link["material"], []).append(link)
        # Customers before their suppliers.
        self.order, waits = [], [sum(link["to"][0] == "node" for link in out) for out in self.out]
        ready = [at for at, count in enumerate(waits) if count == 0]
        while ready:
            at = ready.pop()
            self.order.append(at)
            for group in self.into.get(("node", at), {}).values():
                for link in group:
                    waits[link["from"]] -= 1
                    if waits[link["from"]] == 0:
                        ready.append(link["from"])
        assert len(self.order) == len(self.nodes), "a supply network has no cycle"

    def set_pace(self, days):
        self.pace = [sum(product["daily_millionths"][:days]) / 1e6 / max(days, 1) for product in self.told["products"]]
        self.part_need = [0.0] * self.told["parts"]
        self.uses = {}
        for at, product in enumerate(self.told["products"]):
            for part, quantity in product["parts"]:
                self.part_need[part] += self.pace[at] * quantity / 1000
                self.uses.setdefault(part, []).append((at, quantity / 1000))
        self.node_need = [0.0] * len(self.nodes)
        for at in self.order:
            self.node_need[at] = sum(self.need(link) * link["share_millionths"] / 1e6 for link in self.out[at])

    def need(self, link):
        """What the customer needs of the material in a day, over all of its sources."""
        kind, at = link["to"]
        return link["quantity_thousandths"] / 1000 * (self.node_need[at] if kind == "node" else self.part_need[at])

    def downstream(self, lost):
        """Everybody whom the loss reaches: the site itself, its customers and theirs."""
        nodes, parts, left = {lost}, set(), [lost]
        while left:
            for link in self.out[left.pop()]:
                kind, at = link["to"]
                if kind == "part":
                    parts.add(at)
                elif at not in nodes:
                    nodes.add(at)
                    left.append(at)
        return nodes, parts

    def helpers(self, nodes, parts):
        """The other sources of what is short, and whoever supplies them."""
        found, left = set(), []
        for customer in [("node", at) for at in nodes] + [("part", at) for at in parts]:
            for group in self.into.get(customer, {}).values():
                if any(link["from"] in nodes for link in group):
                    left += [link["from"] for link in group]
        while left:
            at = left.pop()
            if at not in nodes and at not in found:
                found.add(at)
                left += [link["from"] for group in self.into.get(("node", at), {}).values() for link in group]
        return found

    def programme(self, lost, reallocate, recovers):
        """The programme of a loss, with the variable of the time and those of lost vehicles. `recovers` None asks for the time."""
        lp = Programme()
        nodes, parts = self.downstream(lost)
        moved = nodes | (self.helpers(nodes, parts) if reallocate else set())
        asks = recovers is None
        time_ = lp.variable(HORIZON if asks else recovers)
        if not asks:
            lp.at_most([(-1.0, time_)], -recovers)
        losses = {}
        if not asks:
            for part in parts:
                for product, _ in self.uses.get(part, []):
                    if product not in losses and self.pace[product] > 0:
                        losses[product] = lp.variable(self.pace[product] * recovers)
        made = {at: lp.variable() for at in moved}
        given = {at: [] for at in moved}
        # What is not moved keeps what it gets.
        reserved = {at: 0.0 for at in moved}
        for at in moved:
            for link in self.out[at]:
                kind, to = link["to"]
                if to not in (moved if kind == "node" else parts):
                    reserved[at] += self.need(link) * link["share_millionths"] / 1e6
        for customer in [("node", at) for at in moved] + [("part", at) for at in parts]:
            for group in self.into.get(customer, {}).values():
                if all(link["from"] not in moved for link in group):
                    continue
                assert len({link["quantity_thousandths"] for link in group}) == 1, "sources of one material stand in for each other"
                need = self.need(group[0])
                named = sum(link["share_millionths"] for link in group) / 1e6
                stock = max(link["customer_stock_millidays"] for link in group) / 1000 * need
                steady, terms = max(0.0, 1.0 - named) * need, []
                if customer[0] == "node":
                    terms.append((group[0]["quantity_thousandths"] / 1000, made[customer[1]]))
                else:
                    steady -= self.part_need[customer[1]] * group[0]["quantity_thousandths"] / 1000
                    for product, quantity in self.uses.get(customer[1], []):
                        if product in losses:
                            terms.append((-quantity * group[0]["quantity_thousandths"] / 1000, losses[product]))
                for link in group:
                    share = link["share_millionths"] / 1e6 * need
                    if link["from"] not in moved:
                        steady += share
                        continue
                    flow = lp.variable()
                    terms.append((-1.0, flow))
                    given[link["from"]].append((1.0, flow))
                    if not reallocate:
                        lp.at_most([(1.0, flow), (-share, time_)], 0.0)
                lp.at_most(terms + [(-steady, time_)], stock)
        for at, variable in made.items():
            node, need = self.nodes[at], self.node_need[at]
            capacity = node["capacity_thousandths"]
            if at == lost:
                lp.at_most([(1.0, variable)], 0.0)
            elif capacity is not None and need > 0:
                # What is needed today is made today, whatever the estimate says.
                lp.at_most([(1.0, variable), (-max(capacity / 1000, need), time_)], 0.0)
            stock = 0.0 if at == lost and not node["stock_survives"] else node["stock_millidays"] / 1000 * need
            # A lost site owes nothing to others: all of its customers are reached.
            lp.at_most(given[at] + [(-1.0, variable), (reserved[at], time_)], stock)
        return lp, time_, losses

    def survives(self, lost, reallocate):
        lp, time_, _ = self.programme(lost, reallocate, None)
        lp.cost[time_] = 1.0
        days = lp.solve(maximise=True)[time_]
        return None if days >= HORIZON - 1e-6 else days * 1000

    def loses(self, lost, reallocate, recovers):
        """The least lost margin in units of a vehicle of the best one, and the least and most vehicles that go with it."""
        weights = [max(product["margin_micros"], 1) for product in self.told["products"]]
        scale = max(weights)
        lp, _, losses = self.programme(lost, reallocate, recovers)
        for product, variable in losses.items():
            lp.cost[variable] = weights[product] / scale
        values = lp.solve()
        least = sum(values[variable] * weights[product] / scale for product, variable in losses.items())
        lp.at_most([(weights[product] / scale, variable) for product, variable in losses.items()], least * (1 + 1e-7) + 1e-7)
        lp.cost = [0.0] * len(lp.cost)
        for variable in losses.values():
            lp.cost[variable] = 1.0
        ends = [sum(found[variable] for variable in losses.values()) for found in (lp.solve(), lp.solve(maximise=True))]
        return least, ends, scale


def near(have, want, step):
    """Whether two figures are the same but for rounding to steps and the solvers' tolerance."""
    return abs(have - want) <= step + 1e-6 * abs(want)


def main(files):
    begun, compared, failed, losing, ending = time.monotonic(), 0, 0, 0, 0
    for file in files:
        with open(file, encoding="utf-8") as opened:
            network = Network(json.load(opened))
        # Vehicles are rounded to millionths, each product by itself.
        step = 1e-6 * (1 + len(network.told["products"]))
        for answer in network.told["answers"]:
            node, reallocate = answer["node"], answer["sourcing"] == "REALLOCATE"
            ttr = network.nodes[node]["ttr_millidays"]
            network.set_pace(-(-ttr // 1000))
            survives = network.survives(node, reallocate)
            least, (fewest, most), scale = network.loses(node, reallocate, ttr / 1000)
            have = [count / 1e6 for count in answer["lost_millionths"]]
            weights = [max(product["margin_micros"], 1) / scale for product in network.told["products"]]
            margin = sum(count * weight for count, weight in zip(have, weights))
            units, told = sum(have), answer["tts_millidays"]
            good = (survives is None) == (told is None) and (survives is None or near(told, survives, 1))
            good = good and near(margin, least, step)
            good = good and fewest - step - 1e-6 * fewest <= units <= most + step + 1e-6 * most
            compared += 1
            losing += units > step
            ending += told is not None
            if not good:
                failed += 1
                print(
                    f"{file}: {network.nodes[node]['name']} {answer['sourcing']}: survives {told} and {survives} thousandths of a day, "
                    f"loses {units} and {fewest} to {most} vehicles, {margin} and {least} of margin"
                )
    print(
        f"{compared} compared, {failed} failed; {losing} lose vehicles, {ending} run out; {len(files)} networks, "
        f"{time.monotonic() - begun:.1f} s"
    )
    sys.exit(1 if failed or not compared else 0)


main(sys.argv[1:])
