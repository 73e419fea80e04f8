#!/usr/bin/env python3
"""A lower bound for late unit-days of a planning problem: its linear relaxation (no lots, any fraction of a unit).
   lateness.py DIR [--keep-safety]      needs numpy and scipy (HiGHS)
 One variable per made item and start day; stock balances by day; shop hours by week; a bought item can be had without
 limit from its lead time on and from stock before. Backlog summed over days is late unit-days. With --keep-safety the
 safety stock is not used, which is what the planner does; without, the bound holds for any plan."""
import csv, sys, time
import numpy as np, scipy.sparse as sp
from scipy.optimize import linprog
P = sys.argv[1]; KEEP = "--keep-safety" in sys.argv
it = list(csv.DictReader(open(P + "/items.csv"))); bo = list(csv.DictReader(open(P + "/bom.csv")))
de = list(csv.DictReader(open(P + "/demands.csv"))); ca = {r["shop"]: float(r["week_capacity_hours"]) for r in csv.DictReader(open(P + "/resources.csv"))}
ix = {d["item"]: k for k, d in enumerate(it)}
T = max(int(d["due_day"]) for d in de) + 35
made = [k for k, d in enumerate(it) if d["kind"] != "buy"]; pos = {k: n for n, k in enumerate(made)}; M = len(made)
stock = [float(d["on_hand"]) - (float(d["safety_stock"]) if KEEP else 0) for d in it]; lead = [int(d["lead_days"]) for d in it]
X = lambda k, t: pos[k] * T + t                      # started on day t
I = lambda k, t: M * T + pos[k] * T + t              # stock after day t, or minus backlog for demanded items: I - B
B = lambda k, t: 2 * M * T + pos[k] * T + t
use = {}
for b in bo: use.setdefault(ix[b["child"]], []).append((ix[b["parent"]], float(b["qty_per"])))
dem = {}
for d in de: dem[ix[d["item"]], int(d["due_day"])] = dem.get((ix[d["item"]], int(d["due_day"])), 0) + float(d["qty"])
wanted = {k for k, _ in dem}
R, C, V, rhs = [], [], [], []; r = 0
for k in made:                                       # I[t] - B[t] = I[t-1] - B[t-1] + received - used - due
    for t in range(T):
        e = [(I(k, t), 1.0)]
        if k in wanted: e.append((B(k, t), -1.0))
        if t: 
            e.append((I(k, t - 1), -1.0))
            if k in wanted: e.append((B(k, t - 1), 1.0))
        if t - lead[k] >= 0: e.append((X(k, t - lead[k]), -1.0))
        for p, q in use.get(k, []): e.append((X(p, t), q))
        for c, v in e: R.append(r); C.append(c); V.append(v)
        rhs.append((stock[k] if t == 0 else 0) - dem.get((k, t), 0)); r += 1
Aeq = sp.csr_matrix((V, (R, C)), shape=(r, 3 * M * T)); beq = np.array(rhs)
R, C, V, rhs = [], [], [], []; r = 0
for s, h in ca.items():
    for w in range((T + 6) // 7):
        for k in made:
            if it[k]["shop"] == s:
                for t in range(7 * w, min(T, 7 * w + 7)): R.append(r); C.append(X(k, t)); V.append(float(it[k]["hours_per_unit"]))
        rhs.append(h); r += 1
for c, d in enumerate(it):
    if d["kind"] == "buy" and c in use:
        for p, q in use[c]:
            for t in range(min(T, lead[c])): R.append(r); C.append(X(p, t)); V.append(q)
        rhs.append(stock[c]); r += 1
Aub = sp.csr_matrix((V, (R, C)), shape=(r, 3 * M * T)); bub = np.array(rhs)
cost = np.zeros(3 * M * T)
ub = np.full(3 * M * T, np.inf)
for k in made:
    for t in range(T):
        if k in wanted: cost[B(k, t)] = 1.0
        else: ub[B(k, t)] = 0
t0 = time.perf_counter()
res = linprog(cost, A_ub=Aub, b_ub=bub, A_eq=Aeq, b_eq=beq, bounds=np.stack([np.zeros_like(ub), ub], 1), method="highs-ipm")
late = sum(res.x[B(k, T - 1)] for k in wanted) if res.x is not None else None
print(P.rstrip("/").split("/")[-1], "keep safety" if KEEP else "any plan", "late unit-days at least", res.fun, "backlog left", late, res.message[:40], "solve s", round(time.perf_counter() - t0, 1))
