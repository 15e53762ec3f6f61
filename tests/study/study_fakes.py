"""The scripted chat model and the word embedder of the personalize room's tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _load(name: str) -> ModuleType:
    path = Path(__file__).parent.parent / "personalize" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)
    spec.loader.exec_module(module)
    return module


ScriptedChat = _load("scripted_chat").ScriptedChat
WordEmbedder = _load("word_embedder").WordEmbedder
