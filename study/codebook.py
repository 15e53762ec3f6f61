"""What every file and column of an export means: for codebook.md and for Datasette."""

from __future__ import annotations

from collections.abc import Mapping

FILES: Mapping[str, str] = {
    "pairs": "Stage 3. One row for each pair that has an answer or was skipped; corrections applied.",
    "attributes": "Stage 1. One row for each judged attribute.",
    "relevance": "Stage 2. One row for each scored attribute of each prompt, asked about or not.",
}

PAIRS: Mapping[str, str] = {
    "id": "the trial",
    "conversation": "where the prompt comes from; pairs of one conversation are not independent",
    "at": "when it was answered (UTC); orders the votes",
    "left": "the condition on the left: generic (the reference) or personalized (the arm under test)",
    "choice": "left, right, tie, both_bad or skip",
    "person": "a pseudonym",
    "position": "1, 2, … in the order of the study; 0 = ordinary use outside a study",
    "block": "permuted block, from 1; 0 = none",
    "rating": "1 to 5, 3 = no difference, 5 = personalized much better, whatever its side; empty = not given",
    "guess": "the side that the person took for the personalized one",
    "arm_leak": "whether the person flagged an answer as giving its arm away",
    "repeat_of": "the trial that this one shows again with its sides swapped",
    "skip_reason": "why it was skipped",
    "reason": "the person's reason (a text)",
    "generic_length": "characters of the generic answer",
    "personalized_length": "characters of the personalized answer",
    "prompt": "the prompt (a text)",
    "generic_text": "the generic answer (a text)",
    "personalized_text": "the personalized answer (a text)",
    "judge_scores": "JSON: judge -> score, oriented like rating",
    "seconds": "from shown to submitted, monotonic clock",
    "first_key_seconds": "from shown to the first key",
    "idle_seconds": "time away: pauses, and stretches of over 30 s without a key",
}

ATTRIBUTES: Mapping[str, str] = {
    "id": "the trial",
    "conversation": "where the attribute was found",
    "at": "when it was judged (UTC)",
    "verdict": "sense, maybe or no",
    "person": "a pseudonym",
    "failure_mode": "overgeneralized, no_evidence, task_not_person, not_standalone or other",
    "model_verdict": "whether the program's own checks kept it",
    "model_probability": "the program's probability for that",
    "text": "the attribute (a text)",
    "quote": "the person's words that it rests on (a text)",
    "category": "what it is about",
    "origin": "asked, audit (thrown out by the program, asked about all the same) or volunteered",
    "seconds": "from shown to submitted, monotonic clock",
}

RELEVANCE: Mapping[str, str] = {
    "id": "trial:attribute",
    "prompt_id": "the prompt; rows of one prompt are not independent",
    "attribute_id": "the attribute",
    "conversation": "where the prompt comes from",
    "at": "when it was judged (UTC), or scored if it was not",
    "relevant": "the person's word; empty = scored but not asked about",
    "model_selected": "whether the selector had chosen it",
    "person": "a pseudonym",
    "model_score": "the selector's score",
    "threshold": "the selector's threshold",
    "origin": "asked (nearest to the threshold), audit (drawn at random), volunteered; empty = not judged",
    "inclusion_probability": "chance of being asked about under the recorded policy",
    "selector": "the selector's name",
    "parts": "JSON: what the score is made of",
    "prompt": "the prompt (a text)",
    "attribute": "the attribute's wording (a text)",
    "seconds": "from shown to submitted, monotonic clock",
}

COLUMNS: Mapping[str, Mapping[str, str]] = {"pairs": PAIRS, "attributes": ATTRIBUTES, "relevance": RELEVANCE}

TABLES: Mapping[str, str] = {
    "study_info": "the file's own id, the person's pseudonym, when it was made",
    "protocol": "every version of every protocol with its hash (SHA-256 of the canonical JSON)",
    "session": "one row for each sitting",
    "plan_item": "what a study was going to show, drawn from the seed before the first trial",
    "trial": "what was shown: prompt, context, which condition stood on the left, and what decided it",
    "answer": "both answers with the prompt sent, model, digest, sampling options, seed and timings",
    "trial_attribute": "the attributes of a trial with scores; stages 1 to 3",
    "trial_event": "shown, paused, failed generations, …",
    "rating_event": "every answer, correction and undo, in order (seq)",
    "judge_score": "model judges, never shown before the person's rating",
    "redaction_event": "what was forgotten, without saying what it was",
    "journal": "the chain of hashes over all rows; see below",
}

VIEWS: Mapping[str, str] = {
    "current_rating": "the answers that count now",
    "current_protocol": "the protocols in force",
    "pair_ratings": "pairs with both texts and the current answer",
    "attribute_judgments": "stage 1 with the current judgments",
    "relevance_judgments": "stage 2 with the current judgments",
}

_CHAIN = """## How to check the file without this program

* Row hash: `SHA-256` of the canonical JSON (sorted keys, no white space, UTF-8) of
  `{"table": …, "row": {columns that are not NULL and no texts}, "texts": {text column: digest}}`.
* Digest of a text: `SHA-256(salt + "\\n" + text)`; digests and salts are in the journal. A forgotten text's
  salt is gone; the redaction event that names it holds the digest of what stands there now.
* Chain: `hash = SHA-256(previous + content_hash)`, beginning with 64 zeros.
* Order: block b has the size `sizes[int(SHA-256("SEED:size:b")) mod len(sizes)]`; its places are half
  reference-left, half test-left, sorted by `SHA-256("SEED:order:b:i")`. A pair of ordinary use has the
  generic answer on the left when Python's `random.Random(order_seed).random() < 0.5`.
* Repeats: trial i (from 0) comes back if `i mod n = int(SHA-256("SEED:repeat:g")) mod n`, where n is 1/share
  rounded and g = i div n.
"""


def codebook(name: str, question: str, protocol_hash: str, head: str, redacted: bool) -> str:
    """codebook.md as Markdown."""
    lines = [
        f"# Codebook{': ' + name if name else ''}",
        "",
        question,
        "",
        f"* Protocol hash: `{protocol_hash or 'no protocol (ordinary use)'}`",
        f"* Newest hash of the study file's chain: `{head}`",
        f"* Texts: {'taken out of every file' if redacted else 'included'}",
        "",
        "Each of the first three files comes as JSONL, CSV and Parquet with the same rows. Times are UTC, "
        "ISO 8601. Empty cells mean “not given”.",
        "",
    ]
    for file, columns in COLUMNS.items():
        lines += [f"## {file}", "", FILES[file], "", "| column | meaning |", "| --- | --- |"]
        lines += [f"| `{column}` | {meaning} |" for column, meaning in columns.items()]
        lines.append("")
    lines += ["## study.db (SQLite)", "", "| table or view | holds |", "| --- | --- |"]
    lines += [f"| `{table}` | {meaning} |" for table, meaning in {**TABLES, **VIEWS}.items()]
    lines += ["", _CHAIN]
    return "\n".join(lines)


def datasette_metadata(name: str, question: str) -> dict[str, object]:
    """metadata.json for `datasette study.db -m metadata.json`."""
    queries = {
        "choices": {
            "sql": "SELECT chosen_condition, choice, count(*) AS n FROM current_rating "
            "WHERE stage = 3 GROUP BY 1, 2 ORDER BY n DESC",
            "title": "How often each arm was chosen",
        },
        "left_right": {
            "sql": "SELECT shown_left_condition, choice, count(*) AS n FROM pair_ratings "
            "WHERE type = 'rating' GROUP BY 1, 2",
            "title": "Side against arm",
        },
    }
    described = {table: {"description": meaning} for table, meaning in {**TABLES, **VIEWS}.items()}
    return {
        "title": name or "Recenter study",
        "description": question,
        "databases": {"study": {"tables": described, "queries": queries}},
    }
