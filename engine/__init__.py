"""Every model that runs: chat, embedding, small trained classifiers; model files; settings and paths."""
