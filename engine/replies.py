"""What both engines do with a stream of chunks: put it together, and fit it to a schema."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from pydantic import ValidationError

from engine.chat import ChatOptions, Chunk, Completion, SchemaT, Timings
from engine.errors import BadReply, PromptTooLong

# A small model held to a grammar can write one list for ever.
STRUCTURED_TOKENS = 2048


async def collect(chunks: AsyncGenerator[Chunk, None]) -> Completion:
    """Reads a stream to its end."""
    text: list[str] = []
    timings, finish = Timings(), None
    async with aclosing(chunks) as stream:
        async for chunk in stream:
            text.append(chunk.text)
            if chunk.done:
                timings, finish = chunk.timings or timings, chunk.finish_reason
    return Completion("".join(text), timings, finish)


async def fit_schema(
    ask: Callable[[ChatOptions], AsyncGenerator[Chunk, None]], schema: type[SchemaT], options: ChatOptions
) -> SchemaT:
    """Asks for a reply in the schema's form, once more when it does not fit. Raises BadReply.

    The second try has another seed: the same one would give the same broken reply.
    """
    limit = options.max_tokens or STRUCTURED_TOKENS
    problem = ""
    for attempt in range(2):
        seed = None if options.seed is None else options.seed + attempt
        completion = await collect(ask(replace(options, seed=seed, max_tokens=limit)))
        try:
            return schema.model_validate_json(_json_part(completion.text))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the reply"
            problem = f"{where}: {first['msg']}"
        if completion.finish_reason == "length":
            problem = f"the reply was not finished after {limit} tokens"
    raise BadReply(
        f"The model did not give its answer in the form of {schema.__name__} ({problem}).",
        "Try again, or choose a larger model.",
    )


def too_long(tokens: int | None, window: int) -> PromptTooLong:
    """The error for a prompt that does not fit; `tokens` None when nobody counted them."""
    size = f"{tokens} tokens" if tokens else "too many tokens"
    return PromptTooLong(
        f"The prompt has {size}; the context window holds {window}.",
        "Start a new conversation, shorten the message, or raise num_ctx.",
    )


def _json_part(text: str) -> str:
    """The JSON object of a reply, out of a code fence or small talk around it."""
    begin, end = text.find("{"), text.rfind("}")
    return text[begin : end + 1] if 0 <= begin < end else text
