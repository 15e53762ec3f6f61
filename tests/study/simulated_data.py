"""Made-up studies with a known truth, for tests only. Every sentence here is our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from study.data import AttributeRow, RelevanceRow, StudyData, StudyInfo, TrialRow

TOPICS = ("tea", "trains", "knitting", "budget", "running", "garden", "bread", "maps")
START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def _time(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def pair_trials(
    count: int,
    *,
    preference: float,
    ties: float = 0.25,
    seed: int = 1,
    person: str = "me",
    per_conversation: int = 1,
    guess_accuracy: float = 0.5,
    judge_correlation: float = 0.3,
    repeats: float = 0.1,
) -> list[TrialRow]:
    """Rated pairs of one person; `preference` is the chance of the personalized answer when one wins."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        left = "personalized" if (number // 2 + number) % 2 == 0 else "generic"
        tie, win = random.random() < ties, random.random() < preference
        rating = 3 if tie else int(random.choice([4, 5], p=[0.7, 0.3]))
        if not tie and not win:
            rating = 6 - rating
        chosen_left = win == (left == "personalized")
        choice = (
            ("tie" if random.random() < 0.8 else "both_bad") if tie else "left" if chosen_left else "right"
        )
        right_guess = random.random() < guess_accuracy
        guess = "left" if right_guess == (left == "personalized") else "right"
        noise = random.normal(0, 1)
        judge = 3.5 + judge_correlation * (rating - 3) + noise * np.sqrt(1 - judge_correlation**2)
        generic = int(random.integers(400, 1200))
        topic = TOPICS[number % len(TOPICS)]
        rows.append(
            TrialRow(
                id=f"{person}-{number}",
                conversation=f"c{number // per_conversation}",
                at=_time(3 * number),
                left=left,
                choice=choice,
                person=person,
                position=number + 1,
                block=number // 4,
                rating=rating,
                guess=guess,
                arm_leak=random.random() < 0.05,
                generic_length=generic,
                personalized_length=int(generic * random.lognormal(0.1, 0.3)),
                prompt=f"How do I start with {topic}, number {number}?",
                generic_text=f"Start small with {topic}. " * int(random.integers(2, 5)),
                personalized_text=f"Since you like mornings, start {topic} then. "
                * int(random.integers(2, 5)),
                judge_scores={
                    "judge-model": float(np.clip(round(2 * judge) / 2, 1, 5)),
                    "length-only": float(np.clip(3 + random.normal(0, 0.7), 1, 5)),
                },
                seconds=float(random.lognormal(3.4, 0.4)),
            )
        )
    return rows + _repeats(rows, repeats, random)


def _repeats(rows: list[TrialRow], share: float, random: np.random.Generator) -> list[TrialRow]:
    again = []
    for row in rows[: int(len(rows) * share)]:
        swapped = "generic" if row.left == "personalized" else "personalized"
        flip = {"left": "right", "right": "left"}
        choice = flip.get(row.choice, row.choice)
        if random.random() < 0.2:
            choice = "tie"
        rating = 3 if choice == "tie" else row.rating
        again.append(
            replace(row, id=f"{row.id}-again", left=swapped, choice=choice, rating=rating, repeat_of=row.id,
                    at=_time(3000 + row.position), position=1000 + row.position)
        )  # fmt: skip
    return again


def judged_attributes(
    count: int, *, acceptance: float = 0.6, seed: int = 2, person: str = "me"
) -> list[AttributeRow]:
    """Stage 1: the model's probability knows something about the verdict, but not all."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        sense = random.random() < acceptance
        verdict = "sense" if sense else ("maybe" if random.random() < 0.3 else "no")
        mode = None if sense else str(random.choice(["overgeneralized", "no_evidence", "task_not_person"]))
        probability = float(np.clip(random.normal(0.7 if sense else 0.45, 0.2), 0.01, 0.99))
        topic = TOPICS[number % len(TOPICS)]
        claim = (
            f"enjoys {topic} on weekday {number % 7}" if sense else f"always does everything about {topic}"
        )
        rows.append(
            AttributeRow(
                id=f"{person}-a{number}",
                conversation=f"c{number // 3}",
                at=_time(number),
                verdict=verdict,
                person=person,
                failure_mode=mode,  # type: ignore[arg-type]
                model_verdict=probability > 0.5,
                model_probability=probability,
                text=claim,
                quote=f"I {claim}" if sense else f"can you tell me about {topic}",
                category="leisure",
            )
        )
    return rows


def judged_relevance(
    prompts: int, *, seed: int = 3, person: str = "me", everything: bool = False
) -> list[RelevanceRow]:
    """Stage 2: 12 candidates a prompt; three asked, two audited at random (or all asked)."""
    random = np.random.default_rng(seed)
    rows = []
    for prompt in range(prompts):
        quality = random.normal(0, 1, 12)
        relevant = random.random(12) < 1 / (1 + np.exp(2 - 2 * quality))
        order = np.argsort(np.abs(quality - 0.4))
        asked = set(order[:3].tolist())
        audits = set(random.choice(order[3:], 2, replace=False).tolist())
        for item in range(12):
            topic, other = TOPICS[prompt % len(TOPICS)], TOPICS[item % len(TOPICS)]
            origin = "asked" if item in asked or everything else "audit" if item in audits else None
            rows.append(
                RelevanceRow(
                    id=f"{person}-r{prompt}-{item}",
                    prompt_id=f"p{prompt}",
                    attribute_id=f"a{item}",
                    conversation=f"c{prompt // 2}",
                    at=_time(prompt),
                    relevant=bool(relevant[item]) if origin else None,
                    model_selected=bool(quality[item] > 0.4),
                    person=person,
                    model_score=float(quality[item]),
                    threshold=0.4,
                    origin=origin,  # type: ignore[arg-type]
                    parts={
                        "cosine": float(quality[item] + random.normal(0, 0.5)),
                        "model": float(quality[item]),
                    },
                    prompt=f"What should I know about {topic} this week?",
                    attribute=f"The user cares about {other} in the evening {item}.",
                )
            )
    return rows


def study(count: int = 60, *, preference: float = 0.75, seed: int = 1, **options: object) -> StudyData:
    """All three stages of one person."""
    return StudyData(
        trials=tuple(pair_trials(count, preference=preference, seed=seed, **options)),  # type: ignore[arg-type]
        attributes=tuple(judged_attributes(80, seed=seed + 1)),
        relevance=tuple(judged_relevance(30, seed=seed + 2)),
        info=StudyInfo(
            name="evenings", question="Does memory help me?", protocol_hash="0" * 64, planned_trials=count
        ),
    )


class WordEmbedder:
    """Texts to unit vectors by hashing words: similar texts share words. For tests without a model file."""

    name = "words"
    digest = "words-1"
    dimension = 24

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, crc32(word.encode()) % self.dimension] += 1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths == 0, 1, lengths)
