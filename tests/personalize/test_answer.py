"""A turn: what is saved when, what is streamed, and what remains after failures and interruptions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from personalize_support import ScriptedChat, WordEmbedder

from engine.errors import PromptTooLong, RecenterError, ServerLost
from engine.settings import Settings
from memory.profile import Profile
from personalize.answer import Assistant
from personalize.events import (
    AnswerChunk,
    AnswerDone,
    AnswerFailed,
    AnswerStarted,
    Event,
    PairOpened,
    PairReady,
    PromptSaved,
    SelectionReady,
    TurnDone,
)

PROMPT = "Which dinner should I cook on Friday?"
FACT = "The user is allergic to peanuts."


async def events_of(stream: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in stream]


def only(events: list[Event], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


def text_of(events: list[Event], arm: str) -> str:
    return "".join(event.text for event in only(events, AnswerChunk) if event.arm == arm)


def assistant(profile: Profile, settings: Settings, chat: ScriptedChat) -> Assistant:
    return Assistant(profile, chat, WordEmbedder(), settings)


async def test_two_answers_differ_only_in_the_notes(profile: Profile, settings: Settings) -> None:
    added = profile.attributes.add(FACT)
    chat = ScriptedChat(relevant="peanuts")
    events = await events_of(assistant(profile, settings, chat).ask(PROMPT, seed=11))

    assert isinstance(events[0], PromptSaved)
    assert isinstance(events[-1], TurnDone)
    generic, personalized = chat.requests
    assert generic[-1].content == PROMPT
    assert personalized[-1].content.startswith(PROMPT)
    assert FACT in personalized[-1].content
    assert chat.options[0] == chat.options[1]
    assert chat.options[0] is not None
    assert chat.options[0].seed == 11
    selection = only(events, SelectionReady)[0].selection
    assert [item.attribute_id for item in selection.selected] == [added.id]
    pair = only(events, PairReady)[0].pair
    assert profile.conversations.get_message(pair.generic_message_id).content == "one two three"
    assert profile.conversations.get_message(pair.personalized_message_id).kind == "personalized"
    order = [type(event) for event in events]
    assert order.index(PairOpened) < order.index(PairReady)


async def test_nothing_relevant_means_one_answer_and_no_pair(profile: Profile, settings: Settings) -> None:
    profile.attributes.add(FACT)
    chat = ScriptedChat()
    events = await events_of(assistant(profile, settings, chat).ask(PROMPT))
    assert only(events, PairOpened) == []
    assert len(chat.requests) == 1
    message = profile.conversations.get_message(only(events, AnswerDone)[0].message_id)
    assert (message.kind, message.status, message.pair_id) == ("chat", "complete", None)
    assert only(events, TurnDone)[0].head_id == message.id


async def test_slow_selection_does_not_delay_the_generic_answer(profile: Profile, settings: Settings) -> None:
    profile.attributes.add(FACT)
    chat = ScriptedChat(label_delay=0.2, relevant="peanuts")
    events = await events_of(assistant(profile, settings, chat).ask(PROMPT))
    first = next(event for event in events if isinstance(event, AnswerChunk))
    assert first.arm == "generic"
    assert chat.label_began is not None
    assert first.received_at <= chat.label_began


async def test_personalized_goes_on_when_generic_fails(profile: Profile, settings: Settings) -> None:
    profile.attributes.add(FACT)
    chat = ScriptedChat(relevant="peanuts", fail_with=ServerLost("gone"), fail_arm="generic")
    events = await events_of(assistant(profile, settings, chat).ask(PROMPT))
    failed = only(events, AnswerFailed)[0]
    assert (failed.arm, str(failed.error)) == ("generic", "gone")
    broken = profile.conversations.get_message(failed.message_id)
    assert (broken.status, broken.content, broken.error) == ("failed", "one ", "gone")
    assert text_of(events, "personalized") == "one two three"
    assert only(events, PairReady) == []
    done = only(events, AnswerDone)[0]
    assert only(events, TurnDone)[0].head_id == done.message_id


async def test_failing_selection_leaves_the_generic_answer(profile: Profile, settings: Settings) -> None:
    profile.attributes.add(FACT)
    chat = ScriptedChat(label_error=ServerLost("no verdict"))
    events = await events_of(assistant(profile, settings, chat).ask(PROMPT))
    failed = only(events, AnswerFailed)[0]
    assert (failed.arm, failed.message_id) == ("personalized", None)
    assert text_of(events, "generic") == "one two three"
    assert profile.conversations.get_message(only(events, TurnDone)[0].head_id).kind == "chat"


async def test_an_unforeseen_error_is_an_event_too(profile: Profile, settings: Settings) -> None:
    chat = ScriptedChat(fail_with=ZeroDivisionError("odd"), fail_arm="generic")
    events = await events_of(assistant(profile, settings, chat).ask(PROMPT, mode="generic"))
    assert "odd" in str(only(events, AnswerFailed)[0].error)
    assert isinstance(events[-1], TurnDone)


async def test_stopping_keeps_what_came(profile: Profile, settings: Settings) -> None:
    chat = ScriptedChat([f"word{i} " for i in range(500)], delay=0.01)
    stream = assistant(profile, settings, chat).ask(PROMPT, mode="generic")
    seen = ""
    started = ""
    async for event in stream:
        if isinstance(event, AnswerStarted):
            started = event.message_id
        if isinstance(event, AnswerChunk):
            seen += event.text
            if seen.count("word") == 5:
                break
    await stream.aclose()
    kept = profile.conversations.get_message(started)
    assert kept.status == "stopped"
    assert kept.content.startswith(seen)
    assert chat.open_streams == 0


async def test_cancelling_keeps_what_came(profile: Profile, settings: Settings) -> None:
    profile.attributes.add(FACT)
    chat = ScriptedChat([f"word{i} " for i in range(500)], delay=0.01, relevant="peanuts")
    both = asyncio.Event()

    async def listen() -> None:
        arms = set()
        async for event in assistant(profile, settings, chat).ask(PROMPT):
            if isinstance(event, AnswerChunk):
                arms.add(event.arm)
            if len(arms) == 2:
                both.set()

    task = asyncio.create_task(listen())
    await asyncio.wait_for(both.wait(), 20)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    conversation = profile.conversations.last()
    assert conversation is not None
    answers = [m for m in profile.conversations.messages(conversation.id) if m.role == "assistant"]
    assert [answer.status for answer in answers] == ["stopped", "stopped"]
    assert all(answer.content.startswith("word0 ") for answer in answers)
    assert chat.open_streams == 0


async def test_partial_text_is_on_disk_while_it_streams(profile: Profile, settings: Settings) -> None:
    chat = ScriptedChat([f"word{i} " for i in range(300)], delay=0.01)
    stream = assistant(profile, settings, chat).ask(PROMPT, mode="generic")
    started, seen, kept = "", "", ""
    async for event in stream:
        if isinstance(event, AnswerStarted):
            started = event.message_id
        if isinstance(event, AnswerChunk):
            seen += event.text
            kept = profile.conversations.get_message(started).content
            if kept:
                break
    await stream.aclose()
    assert seen.startswith(kept)


async def test_conversation_goes_on_from_the_chosen_answer(profile: Profile, settings: Settings) -> None:
    profile.attributes.add(FACT)
    chat = ScriptedChat(relevant="peanuts")
    helper = assistant(profile, settings, chat)
    events = await events_of(helper.ask(PROMPT))
    pair = only(events, PairReady)[0].pair
    assert await helper.choose(pair.id, "generic") == pair.generic_message_id
    chat.words = ("more",)
    await events_of(helper.ask("And for Saturday?", conversation_id=pair.conversation_id, mode="generic"))
    assert [(m.role, m.content) for m in chat.requests[-1]] == [
        ("user", PROMPT),
        ("assistant", "one two three"),
        ("user", "And for Saturday?"),
    ]


async def test_edited_prompt_is_a_branch_beside_the_old(profile: Profile, settings: Settings) -> None:
    chat = ScriptedChat()
    helper = assistant(profile, settings, chat)
    first = (await events_of(helper.ask(PROMPT, mode="generic")))[0]
    assert isinstance(first, PromptSaved)
    second = (await events_of(helper.edit(first.message_id, "Which lunch?", mode="generic")))[0]
    assert isinstance(second, PromptSaved)
    siblings = profile.conversations.siblings(second.message_id)
    assert [m.content for m in siblings] == [PROMPT, "Which lunch?"]
    assert [m.content for m in chat.requests[-1]] == ["Which lunch?"]


async def test_regenerated_answer_stands_beside_the_old(profile: Profile, settings: Settings) -> None:
    chat = ScriptedChat()
    helper = assistant(profile, settings, chat)
    events = await events_of(helper.ask(PROMPT, mode="generic"))
    old = only(events, AnswerDone)[0].message_id
    again = only(await events_of(helper.regenerate(old, mode="generic")), AnswerDone)[0].message_id
    assert [m.id for m in profile.conversations.siblings(old)] == [old, again]
    seeds = {m.seed for m in profile.conversations.siblings(old)}
    assert len(seeds) == 2


async def test_without_an_attribute_answers_again_with_the_rest(profile: Profile, settings: Settings) -> None:
    profile.attributes.add(FACT)
    other = profile.attributes.add("The user keeps peanuts away from children.")
    chat = ScriptedChat(relevant="peanuts")
    helper = assistant(profile, settings, chat)
    pair = only(await events_of(helper.ask(PROMPT, seed=5)), PairReady)[0].pair
    events = await events_of(helper.without(pair.id, other.id))
    assert FACT in chat.requests[-1][-1].content
    assert other.text not in chat.requests[-1][-1].content
    assert chat.options[-1] == chat.options[0]
    new = only(events, PairReady)[0].pair
    assert new.id != pair.id
    copied = profile.conversations.get_message(new.generic_message_id)
    assert copied.content == profile.conversations.get_message(pair.generic_message_id).content
    assert profile.conversations.pair(pair.id).personalized_message_id == pair.personalized_message_id


async def test_without_the_last_attribute_goes_back_to_generic(profile: Profile, settings: Settings) -> None:
    added = profile.attributes.add(FACT)
    chat = ScriptedChat(relevant="peanuts")
    helper = assistant(profile, settings, chat)
    pair = only(await events_of(helper.ask(PROMPT)), PairReady)[0].pair
    events = await events_of(helper.without(pair.id, added.id))
    assert only(events, AnswerStarted) == []
    assert profile.conversations.get(pair.conversation_id).head_id == pair.generic_message_id


async def test_explanation_shows_the_difference_and_the_evidence(
    profile: Profile, settings: Settings
) -> None:
    profile.attributes.add(FACT)
    chat = ScriptedChat(relevant="peanuts")
    helper = assistant(profile, settings, chat)
    pair = only(await events_of(helper.ask(PROMPT)), PairReady)[0].pair
    explanation = await helper.explain(pair.id)
    assert [each.item.text for each in explanation.used] == [FACT]
    assert FACT in explanation.difference
    assert PROMPT not in explanation.difference
    assert list(explanation.generic_prompt) == chat.requests[0]
    assert list(explanation.personalized_prompt) == chat.requests[1]
    assert {"logit", "cosine"} <= set(explanation.used[0].item.parts)


async def test_long_conversation_loses_its_oldest_turns_and_says_so(
    profile: Profile, settings: Settings
) -> None:
    chat = ScriptedChat()
    small = settings.model_copy(update={"num_ctx": 1024, "max_tokens": 256})
    conversation = profile.conversations.create("long")
    parent = None
    for turn in range(30):
        asked = profile.conversations.add_user_message(conversation.id, f"Question {turn} " + "word " * 20)
        parent = profile.conversations.start_answer(conversation.id, asked.id).id
        profile.conversations.finish_answer(parent, f"Answer {turn} " + "word " * 20)
        profile.conversations.set_head(conversation.id, parent)
    helper = assistant(profile, small, chat)
    events = await events_of(helper.ask("And now?", conversation_id=conversation.id, mode="generic"))
    started = only(events, AnswerStarted)[0]
    sent = chat.requests[0]
    assert started.omitted == 61 - len(sent) > 0
    assert sent[0].role == "user"
    assert sent[-1].content == "And now?"


async def test_request_found_too_long_is_cut_further(profile: Profile, settings: Settings) -> None:
    class Narrow(ScriptedChat):
        async def stream(self, messages, options=None):  # type: ignore[no-untyped-def]
            if len(messages) > 5:
                self.requests.append(list(messages))
                raise PromptTooLong("too long")
            async for chunk in super().stream(messages, options):
                yield chunk

    chat = Narrow()
    conversation = profile.conversations.create("long")
    for turn in range(10):
        asked = profile.conversations.add_user_message(conversation.id, f"Question {turn} " + "word " * 150)
        answer = profile.conversations.start_answer(conversation.id, asked.id)
        profile.conversations.finish_answer(answer.id, f"Answer {turn} " + "word " * 150)
        profile.conversations.set_head(conversation.id, answer.id)
    helper = assistant(profile, settings, chat)
    events = await events_of(helper.ask("And now?", conversation_id=conversation.id, mode="generic"))
    assert text_of(events, "generic") == "one two three"
    assert len(chat.requests[-1]) <= 5
    assert only(events, AnswerStarted)[-1].omitted == 21 - len(chat.requests[-1])


async def test_prompt_is_saved_before_the_model_is_asked(profile: Profile, settings: Settings) -> None:
    stream = assistant(profile, settings, ScriptedChat()).ask("  如何做饭？ ", mode="generic")
    first = await anext(stream)
    assert isinstance(first, PromptSaved)
    assert profile.conversations.get_message(first.message_id).content == "  如何做饭？ "
    await stream.aclose()


async def test_choosing_an_answer_that_is_not_there_is_refused(profile: Profile, settings: Settings) -> None:
    profile.attributes.add(FACT)
    chat = ScriptedChat(
        relevant="peanuts", fail_with=ServerLost("gone"), fail_arm="personalized", fail_after=0
    )
    helper = assistant(profile, settings, chat)
    events = await events_of(helper.ask(PROMPT))
    pair = only(events, PairOpened)[0].pair
    head = only(events, TurnDone)[0].head_id
    assert head == profile.conversations.pair(pair.id).generic_message_id
    with pytest.raises(RecenterError):
        await helper.choose("nonsense", "generic")
