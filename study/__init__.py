"""Protocols, trials, ratings, statistics, training, reports, export."""
