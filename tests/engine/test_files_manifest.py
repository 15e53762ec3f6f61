"""The manifest of model files, and the list of what is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ModelFileError, ModelMissing
from engine.files import ModelStore, load_manifest
from engine.manifest import parse_manifest


def test_every_file_has_a_hash_a_size_a_free_licence_and_a_source() -> None:
    files = load_manifest()
    assert {file.group for file in files} == {"chat", "minilm"}
    assert len({file.name for file in files}) == len(files)
    for file in files:
        assert len(file.sha256) == 64
        assert file.size > 0
        assert file.license == "Apache-2.0"
        assert file.sources


def test_the_chat_model_comes_from_its_makers_first_then_in_22_parts() -> None:
    (file,) = [file for file in load_manifest() if file.group == "chat"]
    first, second = file.sources
    assert first.url.startswith("https://huggingface.co/Qwen/")
    numbers = [int(part.requirement.split("part")[1].split("==")[0]) for part in second.parts]
    assert numbers == list(range(1, 23))
    assert [part.member for part in second.parts] == [f"data/part{n:02}.bin" for n in numbers]


@pytest.mark.parametrize(
    "text",
    [
        '[[file]]\nname = "x"\nsha256 = "12"\n',
        f'[[file]]\nname = "x"\nsha256 = "{"0" * 64}"\n[[file.source]]\nparts = ["package x, member y"]\n',
    ],
)
def test_a_manifest_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"SHA-256|NAME==VERSION"):
        parse_manifest(text)


def test_what_is_not_here_says_how_much_it_is_and_what_fetches_it(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    with pytest.raises(ModelMissing, match=r"1\.1 GB.*recenter models fetch qwen2\.5-coder-1\.5b"):
        store.path("qwen2.5-coder-1.5b")
    assert [status.state for status in store.status()] == ["missing"] * 3


def test_names_and_groups(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    assert [file.name for file in store.expand(["minilm"])] == ["minilm-model", "minilm-tokenizer"]
    assert len(store.expand([])) == 3
    with pytest.raises(ModelFileError, match='Did you mean "minilm-model"'):
        store.expand(["minilm-modell"])
