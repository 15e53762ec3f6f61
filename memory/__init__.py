"""What was said and what is known: conversations, attributes, extraction, the index, forgetting.

The front door is `memory.profile.Profile`: `Profile.open(folder)` gives the stores of one profile, one writer
at a time. `memory.extract` works through messages, `memory.forget` leaves no byte behind, `memory.search`
finds, `memory.importing` and `memory.exporting` bring in and take along.
"""
