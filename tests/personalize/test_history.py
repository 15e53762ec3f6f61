"""What other prompts told of the same attribute: used within a user, never across users."""

from __future__ import annotations

import numpy as np
from personalize_support import WordEmbedder

from study.scoring import score_file
from study.scoring_files import LabelFile, LabelledPrompt


def recurring() -> LabelFile:
    """Labels that only an attribute's history tells: words say nothing, each user has two that matter.
    The attributes' texts are the same for all users, what matters is not."""
    draw = np.random.default_rng(3)
    rows = []
    for user in range(8):
        matter = set(draw.choice(8, size=2, replace=False))
        for number in range(10):
            rows.append(
                LabelledPrompt(
                    prompt=f"question {draw.integers(10**6)}",
                    attributes=tuple(f"owns thing {chr(97 + a) * 3}" for a in range(8)),
                    relevant=tuple(bool((a in matter) != (draw.random() < 0.05)) for a in range(8)),
                    prompt_id=f"{user}-{number}",
                    user=f"user {user}",
                )
            )
    return LabelFile(rows, [], 0)


async def average_precision(group: str) -> float:
    file = recurring()
    report = await score_file(file, ["learned-fast"], WordEmbedder(), None, group=group, resamples=20)
    return report.selectors[0].measures["average_precision"].value


async def test_history_tells_within_a_user_and_not_across_users() -> None:
    within = await average_precision("prompt")
    across = await average_precision("user")
    assert within > 0.7
    assert across < 0.5
