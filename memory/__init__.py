"""What was said and what is known: conversations, attributes, extraction, the index, forgetting."""
