"""False positives when looking after every vote: a fixed test against the confidence sequence.

    uv run python benchmarks/study_peeking.py [--studies 2000] [--votes 200]

Simulates studies without an effect, looks after every vote, and counts how often each method ever
claims a preference. Then how soon each claims one that is there.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import stats

from study.statistics import clustered_sequence
from study.statistics.clustered import from_labels
from study.statistics.power import EFFECTS, votes_needed
from study.statistics.sequential import crossing_table, log_wealth, stopping_chances


def fixed_p_values(most: int) -> np.ndarray:
    """Two-sided exact binomial p for every (n, wins), shape (most + 1, most + 1)."""
    table = np.ones((most + 1, most + 1))
    for n in range(1, most + 1):
        wins = np.arange(n + 1)
        low = np.minimum(wins, n - wins)
        table[n, : n + 1] = np.minimum(1, 2 * stats.binom.cdf(low, n, 0.5))
    return table


def simulate(studies: int, votes: int, seed: int) -> tuple[float, float, float]:
    """Shares of null studies that ever claim: fixed test, fixed test from vote 10 on, confidence sequence."""
    random = np.random.default_rng(seed)
    wins = np.cumsum(random.random((studies, votes)) < 0.5, axis=1)
    n = np.arange(1, votes + 1)
    fixed = fixed_p_values(votes)[np.broadcast_to(n, wins.shape), wins] < 0.05
    wealth = log_wealth(wins, np.broadcast_to(n, wins.shape)) >= np.log(20)
    return (
        float(fixed.any(axis=1).mean()),
        float(fixed[:, 9:].any(axis=1).mean()),
        float(wealth.any(axis=1).mean()),
    )


def varying_conversations(studies: int, seed: int) -> None:
    """Preferences that differ between conversations but average to one half: what the report claims."""
    print("Conversations with preferences of their own around one half, a look after each of 160 votes:")
    for intraclass, size in ((0.1, 4), (0.2, 4), (0.2, 10), (0.5, 10)):
        random = np.random.default_rng(seed)
        count, spread = 160 // size, 1 / intraclass - 1
        plain = together = 0
        for _ in range(studies):
            codes = np.repeat(np.arange(count), size)
            votes = random.random(160) < random.beta(spread / 2, spread / 2, count)[codes]
            wealth = log_wealth(np.cumsum(votes), np.arange(1, 161)) >= np.log(20)
            plain += bool(wealth.any())
            for last in np.flatnonzero(wealth):
                seen = from_labels(codes[: last + 1].tolist())
                shares = clustered_sequence.closed_shares(votes[: last + 1].tolist(), seen)
                if clustered_sequence.log_wealth(shares) >= np.log(20):
                    together += 1
                    break
        print(
            f"  intraclass {intraclass}, {size} votes each: sequence of votes {100 * plain / studies:.1f} %, "
            f"with the sequence of conversations {100 * together / studies:.1f} %"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--votes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=606)
    options = parser.parse_args()
    fixed, later, sequence = simulate(options.studies, options.votes, options.seed)
    print(f"{options.studies} studies without an effect, a look after each of {options.votes} votes:")
    print(f"  fixed exact test ever below .05:                  {100 * fixed:5.1f} %")
    print(f"  the same, looking from vote 10 on:                {100 * later:5.1f} %")
    print(f"  confidence sequence ever excluding one half:      {100 * sequence:5.1f} %")
    exact = stopping_chances(0.5, options.votes)[-1]
    print(f"  the last, computed exactly:                       {100 * exact:5.2f} %")
    print("Votes until 80% of studies have claimed a preference that is there:")
    print(
        "  preference | fixed, one look | sequence, prior 5 |",
        " | ".join(f"prior {prior:g}" for prior in (0.5, 1, 2, 10, 20)),
    )
    for effect in EFFECTS:
        row = []
        for prior in (5.0, 0.5, 1, 2, 10, 20):
            chances = stopping_chances(effect, 420, prior=prior)
            row.append(str(int(np.argmax(chances >= 0.8))) if chances[-1] >= 0.8 else ">420")
        print(f"  {effect:.2f}       | {votes_needed(effect):15} | {row[0]:>17} |", " | ".join(row[1:]))
    varying_conversations(options.studies // 4, options.seed)
    needed = crossing_table(100)
    print(
        "Wins needed:",
        ", ".join(
            f"{needed[n] if needed[n] <= n else 'more than'} of {n}" for n in (10, 20, 24, 30, 40, 60, 90)
        ),
    )


if __name__ == "__main__":
    main()
