"""Agreement of two readers beyond what chance would bring about."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

from runner.statistics.estimate import LEVEL, Estimate
from runner.statistics.rates import wilson, z_of


def kappa(said: Sequence[tuple[Hashable, Hashable]], level: float = LEVEL) -> Estimate:
    """Cohen's κ = (p_o - p_e) / (1 - p_e) of what two readers said of each of n things.

    p_o is the share of things of which both said the same, p_e = Σ p_i· p_·i what chance alone would bring. Cohen 1960,
    A Coefficient of Agreement for Nominal Scales. The interval is κ ± z·SE, cut at -1 and 1, with the large-sample

        SE² = {Σ p_ii [(1 - p_e) - (p_i· + p_·i)(1 - p_o)]² + (1 - p_o)² Σ_{i≠j} p_ij (p_·i + p_j·)²
               - (p_o p_e - 2 p_e + p_o)²} / (n (1 - p_e)⁴)

    of Fleiss, Cohen and Everitt 1969, Large Sample Standard Errors of Kappa and Weighted Kappa. Where a reader says one
    and the same thing of everything, p_o is p_e whatever the other says, and there is no κ. Where they always agree SE
    is 0, whatever n is; the lower end is then that of Wilson's interval (1927) of p_o, at the same p_e.
    """
    n = len(said)
    if n < 2:
        return Estimate(n=n, reason="nothing that both have judged" if not n else "one step shows no agreement")
    cells = {pair: count / n for pair, count in Counter(said).items()}
    rows: Counter[Hashable] = Counter()
    columns: Counter[Hashable] = Counter()
    for one, other in said:
        rows[one] += 1
        columns[other] += 1
    row = {name: count / n for name, count in rows.items()}
    column = {name: count / n for name, count in columns.items()}
    same = math.fsum(share for (one, other), share in cells.items() if one == other)
    chance = math.fsum(share * column.get(name, 0.0) for name, share in row.items())
    if len(rows) == 1 or len(columns) == 1:
        return Estimate(n=n, reason="one of them always says the same, which chance explains")
    value = (same - chance) / (1 - chance)
    if same > 1 - 1e-12:
        least, _ = wilson(1.0, n, z_of(level))
        return Estimate(value=1.0, low=max(-1.0, (least - chance) / (1 - chance)), high=1.0, n=n)
    agreeing = math.fsum(
        share * ((1 - chance) - (row[one] + column[one]) * (1 - same)) ** 2
        for (one, other), share in cells.items()
        if one == other
    )
    differing = (1 - same) ** 2 * math.fsum(
        share * (column.get(one, 0.0) + row.get(other, 0.0)) ** 2
        for (one, other), share in cells.items()
        if one != other
    )
    spread = agreeing + differing - (same * chance - 2 * chance + same) ** 2
    half = z_of(level) * math.sqrt(max(0.0, spread) / n) / (1 - chance) ** 2
    return Estimate(value=value, low=max(-1.0, value - half), high=min(1.0, value + half), n=n)
