"""From attributes to answers: the selector, prompts, the pair, the judge model.

Front doors: `personalize.answer.Assistant` (a turn, as a stream of events), `personalize.select.select`
(which attributes matter for a prompt), `personalize.judge.judge_pair` (a model's opinion of two answers).
"""
