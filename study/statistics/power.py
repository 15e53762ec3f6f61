"""How many decisive votes a study needs, before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from study.statistics.sequential import stopping_chances

ALPHA = 0.05
POWER = 0.80
# The exact test's power goes up and down with n; after the answer it never falls further than this below.
SAWTOOTH = 0.02
EFFECTS = (0.60, 0.65, 0.70, 0.75, 0.80)


@dataclass(frozen=True)
class PowerRow:
    """For a true preference of `preference`: decisive votes needed by the fixed test, and when looking
    after every vote (None: more than were tried), each for the same power."""

    preference: float
    fixed: int
    sequential: int | None
    power: float = POWER


def critical_losses(n: int, alpha: float = ALPHA) -> int:
    """The most losses with which the two-sided exact binomial test at 1/2 still rejects; -1 if none."""
    count = int(stats.binom.ppf(alpha / 2, n, 0.5))
    while count >= 0 and stats.binom.cdf(count, n, 0.5) > alpha / 2:
        count -= 1
    return count


def exact_power(n: int, preference: float, alpha: float = ALPHA) -> float:
    """Chance that n decisive votes reject "no preference" if each is for the personalized with `preference`.

    Exact, from the binomial distribution of the test of `scipy.stats.binomtest` (Cohen 1988, chapter 5,
    gives the normal approximation).
    """
    limit = critical_losses(n, alpha)
    if limit < 0:
        return 0.0
    return float(stats.binom.cdf(limit, n, preference) + stats.binom.sf(n - limit - 1, n, preference))


@lru_cache(maxsize=256)
def votes_needed(
    preference: float, power: float = POWER, alpha: float = ALPHA, most: int = 4000
) -> int | None:
    """The smallest number of decisive votes whose exact power is at least `power` and stays, for every
    larger number, above `power` - 0.02 (a person seldom stops at exactly n). None: more than `most`.

    0.60 -> 199, 0.65 -> 90, 0.70 -> 49, 0.75 -> 33, 0.80 -> 23.
    """
    if not 0.5 < preference < 1:
        raise ValueError("a preference lies above 0.5 and below 1")
    guess = _normal_approximation(preference, power, alpha)
    if guess > most:
        return None
    # beyond twice the approximation the power is far above what is asked for
    span = min(most, int(2 * guess) + 30)
    powers = np.array([exact_power(n, preference, alpha) for n in range(span + 1)])
    lowest_after = np.minimum.accumulate(powers[::-1])[::-1]
    fits = np.flatnonzero((powers >= power) & (lowest_after >= power - SAWTOOTH))
    return int(fits[0]) if fits.size else None


def _normal_approximation(preference: float, power: float, alpha: float) -> float:
    z_test, z_power = stats.norm.ppf([1 - alpha / 2, power])
    spread = z_test * 0.5 + z_power * np.sqrt(preference * (1 - preference))
    return float((spread / (preference - 0.5)) ** 2)


@lru_cache(maxsize=64)
def sequential_votes_needed(
    preference: float, power: float = POWER, alpha: float = ALPHA, most: int = 600
) -> int | None:
    """Votes by which the confidence sequence, looked at after every vote, has spoken with chance `power`."""
    chances: NDArray[np.float64] = stopping_chances(preference, most, alpha=alpha)
    reached = np.flatnonzero(chances >= power)
    return int(reached[0]) if reached.size else None


def power_table(effects: tuple[float, ...] = EFFECTS) -> list[PowerRow]:
    """What a person is shown before a study starts."""
    rows = []
    for effect in effects:
        fixed = votes_needed(effect)
        if fixed is not None:
            rows.append(PowerRow(effect, fixed, sequential_votes_needed(effect)))
    return rows


def detectable(votes: int, power: float = POWER, alpha: float = ALPHA) -> float | None:
    """The smallest preference (two decimals) that so many votes show with `power`; None: not even .99."""
    for hundredths in range(51, 100):
        if exact_power(votes, hundredths / 100, alpha) >= power:
            return hundredths / 100
    return None


def sentence(preference: float = 0.65) -> str:
    """For example "90 decisive votes to see 65:35"."""
    needed = votes_needed(preference)
    percent = round(preference * 100)
    return f"{needed} decisive votes to see {percent}:{100 - percent} (with 80% power)"
