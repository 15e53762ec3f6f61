"""From attributes to answers: the selector, prompts, the pair, the judge model."""
