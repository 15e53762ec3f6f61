"""From the study file's relevance judgments to the selector of the profile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.embedding import Embedder
from personalize.learning import RelevanceJudgment, Standing, learn
from personalize.zero_shot import PairParts
from study.data import RelevanceRow, StudyData


def relevance_judgments(rows: Sequence[RelevanceRow]) -> list[RelevanceJudgment]:
    """The current judgments as the selector learns from them; rows without a word or a text are left out."""
    found = []
    for row in rows:
        if row.relevant is None or not row.prompt or not row.attribute:
            continue
        verdict = PairParts.from_parts(row.parts)
        found.append(
            RelevanceJudgment(
                prompt=row.prompt,
                attribute_text=row.attribute,
                relevant=row.relevant,
                group_prompt=f"{row.person}/{row.prompt_id}",
                group_conversation=f"{row.person}/{row.conversation}" if row.conversation else "",
                logit=None if verdict is None else verdict.logit,
                combined=None if verdict is None else verdict.score,
            )
        )
    return found


def learn_from_study(data: StudyData, profile_folder: Path, embedder: Embedder) -> Standing:
    """Learns the profile's selector from everything judged so far, and says what is in use now.

    Synchronous, up to 10 s for 4,000 judgments. What is learned replaces what was learned before.
    """
    return learn(profile_folder, relevance_judgments(data.relevance), embedder)
