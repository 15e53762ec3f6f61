"""The paper's own figures, for the column beside the user's numbers.

Source: Zhang, Liu and August, "Re-Centering Humans in LLM Personalization", arXiv 2606.06614. They come
from other people, other chats and larger models: beside one's own numbers they are a landmark, no norm.
"""

from __future__ import annotations

CITATION = 'Zhang, Liu, August: "Re-Centering Humans in LLM Personalization", arXiv 2606.06614'

# stage 1
ACCEPTED_BEFORE = 0.58
ACCEPTED_AFTER = 0.90  # "over 90%" after verify-and-refine
MORE_BAD_THAN_SYNTHETIC = 0.22
FAILURES = {
    "overgeneralized": 0.54,
    "no_evidence": 0.20,
    "task_not_person": 0.16,
    "not_standalone": 0.06,
}

# stage 2
PEOPLE_RELEVANT = 0.20
MODELS_RELEVANT = (0.40, 0.60)
F1 = {
    "embeddings": 0.384,
    "best zero-shot model": 0.515,
    "RoBERTa": 0.606,
    "GRPO-trained 4B": 0.641,
}
PEOPLE_KAPPA = 0.43

# stage 3
NO_BETTER = 0.546
MEAN_RATING = 3.18
JUDGES_MEAN = (3.4, 4.0)
JUDGES_RANK = (0.11, 0.38)
REWARD_RANK = 0.3
