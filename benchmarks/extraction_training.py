"""Trains the filter that says whether a clause tells something lasting about its author.

    uv run python benchmarks/extraction_training.py [--models FOLDER]

Reads `extraction_sentences_en.txt` and `extraction_sentences_zh.txt` beside it (sentences of our own making),
prints cross-validated AUC and accuracy, and writes `memory/models/lasting.json`, which the product loads.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from engine.classifier import Classifier
from engine.minilm import MiniLM
from memory.lasting import WEIGHTS, cue_features, cue_names

HERE = Path(__file__).parent
STRENGTHS = (0.01, 0.03, 0.1, 0.3)  # weaker ones rank as well but squeeze the log-odds

Matrix = NDArray[np.float64]


def read_sentences(path: Path) -> tuple[list[str], NDArray[np.int64]]:
    """Texts and labels (1 = lasting) of a training file."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [line for line in lines if line[:2] in ("+ ", "- ")]
    return [row[2:] for row in rows], np.array([row[0] == "+" for row in rows], dtype=np.int64)


def cross_validated(X: Matrix, y: NDArray[np.int64], strength: float) -> tuple[float, float]:
    """AUC and accuracy over ten stratified folds."""
    logits = np.zeros(len(y))
    for train, test in StratifiedKFold(10, shuffle=True, random_state=7).split(X, y):
        logits[test] = Classifier.fit(X[train], y[train], C=strength).decision(X[test])
    return float(roc_auc_score(y, logits)), float(((logits > 0) == y).mean())


def best(name: str, X: Matrix, y: NDArray[np.int64], feature_names: list[str]) -> dict[str, Any]:
    """The classifier with the regularization of the best AUC, as JSON with short numbers."""
    results = [(*cross_validated(X, y, strength), strength) for strength in STRENGTHS]
    auc, accuracy, strength = max(results)
    print(
        f"{name:16} {len(y)} sentences ({int(y.sum())} lasting)  "
        f"AUC {auc:.3f}  accuracy {accuracy:.3f}  C {strength}"
    )
    data = Classifier.fit(X, y, C=strength, feature_names=feature_names).to_json()
    shorten: Callable[[list[float]], list[float]] = lambda values: [float(f"{v:.6g}") for v in values]  # noqa: E731
    return {
        key: shorten(value) if key in ("mean", "scale", "weights") else value for key, value in data.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, help="folder with model.onnx and tokenizer.json")
    folder = parser.parse_args().models
    if folder is not None:
        embedder = MiniLM(folder / "model.onnx", folder / "tokenizer.json")
    else:
        from engine.files import ModelStore
        from engine.settings import load_settings

        embedder = MiniLM.from_store(ModelStore(load_settings().models_dir))
    english, labels = read_sentences(HERE / "extraction_sentences_en.txt")
    chinese, zh_labels = read_sentences(HERE / "extraction_sentences_zh.txt")
    cues = np.array([cue_features(text, False) for text in english])
    zh_cues = np.array([cue_features(text, True) for text in chinese])
    vectors = np.asarray(embedder.embed(english), dtype=np.float64)
    names = cue_names(False)
    weights = {
        "embedder": embedder.digest,
        "english_vectors": best(
            "English", np.hstack([cues, vectors]), labels, names + [f"v{i}" for i in range(384)]
        ),
        "english_cues": best("English, cues", cues, labels, names),
        "chinese_cues": best("Chinese, cues", zh_cues, zh_labels, cue_names(True)),
    }
    WEIGHTS.parent.mkdir(exist_ok=True)
    WEIGHTS.write_text(
        json.dumps(weights, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    print(f"{WEIGHTS.stat().st_size} bytes in {WEIGHTS.name}")


if __name__ == "__main__":
    main()
