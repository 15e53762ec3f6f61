"""A pair made by the real built-in model for a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.chat import ChatModel
from engine.embedding import Embedder
from engine.settings import load_settings
from memory.profile import Profile
from study.check import verify
from study.database import StudyDatabase
from study.generation import ModelGenerator
from study.loading import load_study
from study.planning import ensure_plan
from study.protocol import parse_protocol, register
from study.ratings import PairAnswer
from study.runner import TrialRunner
from study.trials import open_session

PROTOCOL = """
name = "real"
question = "?"
seed = 5
[arms.generic]
memory = false
[arms.personalized]
memory = true
selector = "cosine"
threshold = 0.0
[prompts]
source = "file"
path = "p.txt"
min_words = 1
[trials]
count = 2
repeats = 0.0
"""


@pytest.mark.model
async def test_two_trials_with_the_built_in_model(
    builtin_model: ChatModel, minilm: Embedder, tmp_path: Path
) -> None:
    (tmp_path / "p.txt").write_text("Suggest a dinner.\nName a good soup.\n", encoding="utf-8")
    with Profile.open(tmp_path / "p") as profile, StudyDatabase.open(profile.folder) as study:
        profile.attributes.add("Never eats meat or fish")
        row = register(study, parse_protocol(PROTOCOL, folder=tmp_path))
        ensure_plan(study, row["study"], profile, tmp_path)
        session = open_session(study, row["study"])
        settings = load_settings(max_tokens=12, num_ctx=1024)
        generator = ModelGenerator(profile, session.protocol, {"": builtin_model}, minilm, settings)
        async with TrialRunner(session, generator) as runner:
            while (trial := await runner.next()) is not None:
                assert trial.left_text.strip()
                assert trial.right_text.strip()
                await runner.rate(trial.id, PairAnswer("tie"))
        assert runner.last_failure is None
        data = load_study(study, study_id=row["study"])
        answers = study.rows("SELECT * FROM answer")
        assert verify(study).problems == []
        assert profile.conversations.list() == []
    assert len(data.trials) == 2
    assert data.info.models == (builtin_model.info.label,)
    for answer in answers:
        assert (answer["condition"] == "personalized") == ("Never eats meat or fish" in answer["prompt_sent"])
        assert answer["digest"] == builtin_model.info.digest
