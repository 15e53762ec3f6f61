"""From judgments in the study file to the selector in use."""

from __future__ import annotations

from pathlib import Path

from study_fakes import WordEmbedder

from personalize.learning import standing
from study.data import RelevanceRow, StudyData
from study.scoring_learning import learn_from_study, relevance_judgments

TOPICS = ("bread", "trains", "opera", "chess", "gardens")


def row(number: int, topic: str, *, relevant: bool | None) -> RelevanceRow:
    score = 1.0 if topic == TOPICS[number % 5] else 0.6
    return RelevanceRow(
        id=f"{number}-{topic}",
        prompt_id=f"p{number}",
        attribute_id=topic,
        conversation=f"c{number}",
        at="2024-01-01T00:00:00Z",
        relevant=relevant,
        model_selected=True,
        parts={"logit": score + 1, "centre": 1.0, "cosine": 0.2, "cosine_centre": 0.2},
        prompt=f"Question {number} about {TOPICS[number % 5]}",
        attribute=f"The user cares for {topic}.",
    )


def test_judgments_move_the_threshold_of_the_profile(tmp_path: Path) -> None:
    rows = [row(n, topic, relevant=topic == TOPICS[n % 5]) for n in range(8) for topic in TOPICS]
    found = learn_from_study(StudyData(relevance=rows), tmp_path, WordEmbedder())
    assert found.rung == "threshold"
    assert standing(tmp_path) == found
    assert found.shipped_f1 is not None
    assert found.f1 is not None
    assert found.f1 > 0.9 > found.shipped_f1


def test_only_rows_with_a_word_and_a_text_count() -> None:
    unjudged = row(1, "bread", relevant=None)
    judged = row(1, "trains", relevant=True)
    (only,) = relevance_judgments([unjudged, judged])
    assert (only.attribute_text, only.relevant, only.group_prompt) == (judged.attribute, True, "me/p1")
    assert only.combined is not None
