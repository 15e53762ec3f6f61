"""Protocols, trials, ratings, statistics, training, reports, export.

The front door: `database.StudyDatabase.open(folder)` is the store; `ratings.rate_live_pair`,
`judgments.judge_attribute` and `judgments.judge_relevance` record what a person says in ordinary use;
`protocol.load_protocol` and `runner.TrialRunner` run a study; `loading.load_study` gives the rows that
statistics, training and report read; `export`, `check` and `pool` take it elsewhere.
"""
