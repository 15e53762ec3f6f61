"""How often each interval of the study statistics holds the truth, by simulation.

    uv run python benchmarks/study_coverage.py [--simulations 2000] [--only WORD]

Prints a Markdown table: interval, situation, coverage in percent (nominal 95), Monte Carlo error.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from scipy.special import expit

from study.data import RelevanceRow, TrialRow
from study.statistics import bias, preference, sequential
from study.statistics.agreement import agreement
from study.statistics.clustered import Estimate, Partition, from_labels, mean_interval
from study.statistics.proportions import clustered_share, exact_binomial, goodman
from study.statistics.ranks import rank_correlation
from study.statistics.relevance import relevance_numbers

Random = np.random.Generator
Trial = Callable[[Random], dict[str, bool]]


def holds(estimate: Estimate, truth: float) -> bool:
    """Whether the interval contains the truth; no interval counts as a miss."""
    return estimate.low is not None and estimate.high is not None and estimate.low <= truth <= estimate.high


def sizes(random: Random, clusters: int) -> Partition:
    """Conversations of one to five trials."""
    return from_labels(np.repeat(np.arange(clusters), random.integers(1, 6, clusters)).tolist())


def exact_share(n: int, p: float) -> Trial:
    return lambda random: {"": holds(exact_binomial(int(random.binomial(n, p)), n).share, p)}


def three_shares(n: int, chances: tuple[float, float, float]) -> Trial:
    def trial(random: Random) -> dict[str, bool]:
        found = goodman(random.multinomial(n, chances).tolist())
        each = [holds(one, chance) for one, chance in zip(found, chances, strict=True)]
        return {"all three at once": all(each), "each alone": each[0]}

    return trial


def grouped(clusters: int, concentration: float, p: float = 0.6) -> Trial:
    """Beta-binomial votes: each conversation (or person) has its own preference around p."""

    def trial(random: Random) -> dict[str, bool]:
        groups = sizes(random, clusters)
        own = random.beta(p * concentration, (1 - p) * concentration, clusters)
        votes = random.random(groups.n) < own[groups.codes]
        return {
            "Korn-Graubard share": holds(clustered_share(votes.astype(float), groups), p),
            "Clopper-Pearson that ignores the clusters": holds(
                exact_binomial(int(votes.sum()), groups.n).share, p
            ),
        }

    return trial


def rows_with(outcomes: np.ndarray, groups: Partition) -> list[TrialRow]:
    choice = {1: "left", 0: "tie", -1: "right"}
    return [
        TrialRow(id=str(i), conversation=str(code), at=str(i), left="personalized", choice=choice[int(value)])  # type: ignore[arg-type]
        for i, (value, code) in enumerate(zip(outcomes, groups.codes, strict=True))
    ]


def net(clusters: int, each: bool) -> Trial:
    def trial(random: Random) -> dict[str, bool]:
        groups = sizes(random, clusters) if each else from_labels(list(range(clusters)))
        shift = random.normal(0, 0.5 if each else 0, groups.clusters)[groups.codes]
        latent = 0.3 + shift + random.normal(0, 1, groups.n)
        outcomes = np.where(latent > 0.5, 1, np.where(latent < -0.5, -1, 0))
        spread = np.sqrt(1 + (0.25 if each else 0))
        from scipy.stats import norm

        truth = float(norm.sf(0.2 / spread) - norm.cdf(-0.8 / spread))
        found = preference.net_preference(rows_with(outcomes, groups), groups)
        return {"": holds(found, truth)}

    return trial


def rating_mean(clusters: int) -> Trial:
    def trial(random: Random) -> dict[str, bool]:
        groups = sizes(random, clusters)
        latent = 3.2 + random.normal(0, 0.6, clusters)[groups.codes] + random.normal(0, 1, groups.n)
        return {"": holds(mean_interval(latent, groups), 3.2)}

    return trial


def two_raters(n: int, prevalence: float, accuracy: float) -> Trial:
    """Two raters who each see a hidden truth with the same accuracy; the coefficients' true values follow."""
    labels = ("yes", "no")
    yes, no = prevalence, 1 - prevalence
    both = yes * accuracy**2 + no * (1 - accuracy) ** 2
    neither = yes * (1 - accuracy) ** 2 + no * accuracy**2
    mixed = (1 - both - neither) / 2
    raw = both + neither
    marginal = both + mixed
    chance_kappa = marginal**2 + (1 - marginal) ** 2
    chance_ac1 = 2 * marginal * (1 - marginal)
    kappa, ac1 = (raw - chance_kappa) / (1 - chance_kappa), (raw - chance_ac1) / (1 - chance_ac1)
    cells = [both, mixed, mixed, neither]

    def trial(random: Random) -> dict[str, bool]:
        drawn = random.choice(4, n, p=cells)
        first = [labels[cell // 2] for cell in drawn]
        second = [labels[cell % 2] for cell in drawn]
        found = agreement(first, second, labels, from_labels(list(range(n))))
        return {
            "raw": holds(found.raw, raw),
            "kappa": holds(found.kappa, kappa),
            "AC1": holds(found.ac1, ac1),
        }

    return trial


def latent_pairs(random: Random, n: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """A person's 1-5 ratings and a judge's 1-5 scores (in half points) with a latent correlation."""
    person = random.normal(size=n)
    judge = rho * person + np.sqrt(1 - rho**2) * random.normal(size=n)
    return np.digitize(person, [-1.3, -0.4, 0.4, 1.3]) + 1.0, np.clip(np.round(2 * judge) / 2 + 3.5, 1, 5)


def ranks(n: int, rho: float) -> Trial:
    from scipy import stats

    big = latent_pairs(np.random.default_rng(1), 400_000, rho)
    spearman, kendall = float(stats.spearmanr(*big)[0]), float(stats.kendalltau(*big)[0])

    def trial(random: Random) -> dict[str, bool]:
        one, two = latent_pairs(random, n, rho)
        found = rank_correlation(list(one), list(two), from_labels(list(range(n))), resamples=600)
        return {
            "Kendall tau-b": holds(found.kendall, kendall),
            "Spearman": holds(found.spearman, spearman),
        }

    return trial


def selection(prompts: int) -> Trial:
    """20 candidates a prompt; the 3 nearest the threshold are asked, 2 of the rest audited at random."""

    def draw(random: Random, count: int) -> tuple[np.ndarray, np.ndarray]:
        quality = random.normal(0, 1, (count, 20)) + random.normal(0, 0.4, (count, 1))
        chance = expit(-2.2 + 1.5 * quality + random.normal(0, 1, (count, 20)))
        return quality, random.random((count, 20)) < chance

    quality, relevant = draw(np.random.default_rng(2), 400_000)
    chosen = quality > 0.6
    hits = (relevant & chosen).sum()
    truth = {
        "precision": hits / chosen.sum(),
        "recall": hits / relevant.sum(),
        "f1": 2 * hits / (chosen.sum() + relevant.sum()),
        "person_share": relevant.mean(),
        "model_share": chosen.mean(),
    }

    def trial(random: Random) -> dict[str, bool]:
        quality, relevant = draw(random, prompts)
        rows = []
        for prompt in range(prompts):
            order = np.argsort(np.abs(quality[prompt] - 0.6))
            audit = set(random.choice(order[3:], 2, replace=False).tolist())
            asked = set(order[:3].tolist())
            for item in range(20):
                origin = "asked" if item in asked else "audit" if item in audit else None
                rows.append(
                    RelevanceRow(
                        id=f"{prompt}-{item}",
                        prompt_id=str(prompt),
                        attribute_id=str(item),
                        conversation=str(prompt),
                        at="",
                        relevant=bool(relevant[prompt, item]) if origin else None,
                        model_selected=bool(quality[prompt, item] > 0.6),
                        origin=origin,  # type: ignore[arg-type]
                    )
                )
        found = relevance_numbers(rows)
        unweighted = relevance_numbers([replace(row) for row in rows if row.relevant is not None])
        result = {name: holds(getattr(found, name), value) for name, value in truth.items()}
        result["person_share without weights"] = holds(unweighted.person_share, truth["person_share"])
        return result

    return trial


def length(n: int) -> Trial:
    """Votes from a logistic model in log2 of the length ratio; each its own conversation."""

    def trial(random: Random) -> dict[str, bool]:
        doublings = np.round(random.normal(0.3, 0.7, n), 2)
        won = random.random(n) < expit(0.3 + 0.8 * doublings)
        rows = [
            TrialRow(
                id=str(i),
                conversation=str(i),
                at=str(i),
                left="personalized",
                choice="left" if win else "right",
                generic_length=100_000,
                personalized_length=round(100_000 * 2**more),
            )
            for i, (win, more) in enumerate(zip(won, doublings, strict=True))
        ]
        found = bias.length_bias(rows, from_labels(list(range(n))))
        return {
            "preference at equal length": holds(found.at_equal_length, float(expit(0.3))),
            "odds ratio per doubling": holds(found.per_doubling, float(np.exp(0.8))),
        }

    return trial


def always(p: float, n: int) -> Trial:
    def trial(random: Random) -> dict[str, bool]:
        votes = random.random(n) < p
        points = sequential.path(votes.tolist())
        return {
            "at every one of the looks": all(point.low <= p <= point.high for point in points),
            "at the last look": points[-1].low <= p <= points[-1].high,
        }

    return trial


def situations() -> Iterator[tuple[str, str, Trial, float]]:
    """Name of the interval, situation, one simulated study, share of the simulations to run."""
    for n, p in ((24, 0.5), (60, 0.65), (199, 0.6)):
        yield "Clopper-Pearson", f"{n} votes, p={p}", exact_share(n, p), 1
    yield "Goodman", "60 votes, .4/.3/.3", three_shares(60, (0.4, 0.3, 0.3)), 1
    yield "Goodman", "60 votes, .8/.15/.05", three_shares(60, (0.8, 0.15, 0.05)), 1
    yield "clustered share", "40 conversations, intraclass .2", grouped(40, 4), 1
    yield "clustered share", "12 persons, intraclass .1", grouped(12, 9), 1
    yield "clustered share", "60 conversations, no effect of theirs", grouped(60, 1e6), 1
    yield "net preference", "60 independent votes", net(60, False), 1
    yield "net preference", "25 conversations", net(25, True), 1
    yield "net preference", "10 conversations", net(10, True), 1
    yield "mean rating", "20 conversations", rating_mean(20), 1
    yield "mean rating", "8 conversations", rating_mean(8), 1
    yield "agreement", "60 items, half yes, 85% accurate", two_raters(60, 0.5, 0.85), 1
    yield "agreement", "60 items, 90% yes, 90% accurate", two_raters(60, 0.9, 0.9), 1
    yield "rank correlation", "60 pairs, latent .3", ranks(60, 0.3), 0.5
    yield "rank correlation", "30 pairs, latent .6", ranks(30, 0.6), 0.5
    yield "selection", "60 prompts, 3 asked + 2 audited of 20", selection(60), 0.5
    yield "length-adjusted preference", "100 votes", length(100), 0.5
    yield "confidence sequence", "200 votes, p=.5", always(0.5, 200), 0.5
    yield "confidence sequence", "200 votes, p=.7", always(0.7, 200), 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    print("| interval | situation | coverage % | ± | seconds |\n| --- | --- | ---: | ---: | ---: |")
    for name, situation, trial, share in situations():
        if options.only not in name:
            continue
        random = np.random.default_rng(606)
        count = max(1, int(options.simulations * share))
        begun = time.perf_counter()
        found = [trial(random) for _ in range(count)]
        seconds = time.perf_counter() - begun
        for part in found[0]:
            hit = float(np.mean([one[part] for one in found]))
            error = 196 * np.sqrt(hit * (1 - hit) / count)
            label = f"{name}: {part}" if part else name
            print(f"| {label} | {situation} | {100 * hit:.1f} | {error:.1f} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
