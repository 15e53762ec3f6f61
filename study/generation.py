"""Making the trials of a plan: both answers of a pair, the candidates of a prompt, the quote of an attribute.

Nothing here touches the chat history: prompts go straight to the model, and what comes back goes into
study.db only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from engine.chat import ChatMessage, ChatModel, ChatOptions
from engine.embedding import Embedder
from engine.errors import EngineError
from memory.selections import ScoredAttribute, Selection
from personalize.prompts import NOTES_TOKENS, fit_transcript, request
from study.allocation import rank_key
from study.database import Row, parsed
from study.errors import StudyError
from study.live import STORED_CANDIDATES, attribute_candidate, plain_turns, selection_candidates
from study.protocol import ArmPlan, Judgments
from study.protocol import Protocol as StudyProtocol
from study.recording import Candidate, ShownAnswer

if TYPE_CHECKING:
    from engine.settings import Settings
    from memory.profile import Profile


@dataclass(frozen=True)
class GeneratedPair:
    """Two answers, reference first; `candidates` are those of the arm under test."""

    answers: Sequence[ShownAnswer]
    candidates: Sequence[Candidate] = ()
    selector: str | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class GeneratedCandidates:
    """What stage 2 asks about one prompt: all candidates, those asked about marked."""

    candidates: Sequence[Candidate]
    selector: str = ""
    threshold: float | None = None


class NoTrial(StudyError):
    """This item gives no trial, for a reason that is no failure (no attribute is relevant)."""


class TrialGenerator(Protocol):
    """Makes what a trial shows. Raises RecenterError for a failure, NoTrial when there is nothing to show."""

    async def pair(self, item: Row) -> GeneratedPair:
        """Stage 3."""
        ...

    async def candidates(self, item: Row) -> GeneratedCandidates:
        """Stage 2."""
        ...

    async def attribute(self, item: Row) -> Candidate:
        """Stage 1."""
        ...


class ModelGenerator:
    """The real one: the profile's attributes, the protocol's arms, real models.

    `chats` holds a model for every arm's `model`, and the one that the settings choose under "".
    """

    def __init__(
        self,
        profile: Profile,
        protocol: StudyProtocol,
        chats: Mapping[str, ChatModel],
        embedder: Embedder,
        settings: Settings,
    ) -> None:
        self.profile = profile
        self.protocol = protocol
        self.chats = chats
        self.embedder = embedder
        self.settings = settings

    async def pair(self, item: Row) -> GeneratedPair:
        """Both answers with the same seed and options; only what the arms say differs.

        Raises NoTrial when no arm has anything selected and nothing else differs: the answers
        would be answers to the same request.
        """
        selections = {
            name: await self._select(item["prompt"], arm) if arm.memory else None
            for name, arm in self.protocol.arms.items()
        }
        requests = {name: self._request(item, name, selections[name]) for name in self.protocol.conditions}
        first, second = (requests[name] for name in self.protocol.conditions)
        models = {self.protocol.arms[name].model for name in self.protocol.conditions}
        if first == second and len(models) == 1:
            raise NoTrial("No attribute is relevant to this prompt, so both answers would be the same.")
        seed = int(item["seed"])
        answers = await _both([self._answer(name, requests[name], seed) for name in self.protocol.conditions])
        tested = selections[self.protocol.under_test]
        if tested is None:
            return GeneratedPair(answers)
        return GeneratedPair(
            answers, selection_candidates(tested)[:STORED_CANDIDATES], tested.selector, tested.threshold
        )

    def chat(self, arm: ArmPlan) -> ChatModel:
        """The model that answers for an arm."""
        return self.chats[arm.model or ""]

    async def _select(self, prompt: str, arm: ArmPlan) -> Selection:
        from personalize.select import select

        changes: dict[str, Any] = {}
        if arm.selector is not None:
            changes["selector"] = arm.selector
        if arm.max_attributes is not None:
            changes["max_selected"] = arm.max_attributes
        if arm.threshold is not None:
            changes["threshold"] = arm.threshold
        settings = self.settings.model_copy(update=changes)
        return await select(prompt, self.profile, self.chat(arm), self.embedder, settings)

    def _request(self, item: Row, name: str, selection: Selection | None) -> list[ChatMessage]:
        arm = self.protocol.arms[name]
        context = parsed(item["transcript"], []) if self.protocol.prompts.context else []
        turns = [ChatMessage(turn["role"], turn["content"]) for turn in context]
        turns.append(ChatMessage("user", item["prompt"]))
        answer = min(self.settings.max_tokens, self.settings.num_ctx // 2)
        fitted = fit_transcript(turns, max(64, self.settings.num_ctx - answer - NOTES_TOKENS))
        texts = [each.text for each in selection.selected] if selection is not None else []
        if arm.prompt is None or not texts:
            return request(fitted, texts)
        notes = "\n".join(f"- {text}" for text in texts)
        # replaced in one pass over the template, so that braces in the texts stay what they are
        filled = arm.prompt.replace("{notes}", "\x00").replace("{prompt}", item["prompt"])
        return [*fitted.messages[:-1], ChatMessage("user", filled.replace("\x00", notes))]

    async def _answer(self, name: str, messages: Sequence[ChatMessage], seed: int) -> ShownAnswer:
        chat = self.chat(self.protocol.arms[name])
        options = ChatOptions(
            seed=seed,
            temperature=self.settings.temperature,
            top_p=self.settings.top_p,
            max_tokens=self.settings.max_tokens,
            num_ctx=self.settings.num_ctx,
        )
        completion = await chat.complete(messages, options)
        if not completion.text.strip():
            raise EngineError(f"The model {chat.info.name} gave an empty answer.", "Try again.")
        return ShownAnswer(
            condition=name,
            text=completion.text,
            prompt_sent=plain_turns(messages),
            engine=chat.info.engine,
            model=chat.info.name,
            digest=chat.info.digest,
            seed=seed,
            options={key: value for key, value in asdict(options).items() if key not in ("seed", "stop")},
            timings=asdict(completion.timings),
            finish_reason=completion.finish_reason,
        )

    async def candidates(self, item: Row) -> GeneratedCandidates:
        """Scores the profile's attributes for the prompt and draws whom to ask about."""
        arm = self.protocol.arms[self.protocol.under_test]
        selection = await self._select(item["prompt"], arm if arm.memory else ArmPlan(memory=True))
        if not selection.items:
            raise NoTrial("There is no attribute to judge.")
        chosen = ask_about(selection, self.protocol.judgments, int(item["seed"]))
        return GeneratedCandidates(chosen, selection.selector, selection.threshold)

    async def attribute(self, item: Row) -> Candidate:
        """The attribute with its quote, in the wording that was planned."""
        from memory.errors import NotFound

        store = self.profile.attributes
        try:
            attribute = await asyncio.to_thread(store.get, item["attribute_id"])
        except NotFound as error:
            raise NoTrial("The attribute has been forgotten.") from error
        history = await asyncio.to_thread(store.history, attribute.id)
        # the user may have decided since: what the program itself had said is how the attribute began
        kept = all(change.after.get("status") != "rejected" for change in history[:1])
        candidate = attribute_candidate(attribute, kept)
        return replace(candidate, origin=item["origin"] or "asked")


async def _both(answers: Sequence[Coroutine[Any, Any, ShownAnswer]]) -> list[ShownAnswer]:
    """Both answers at once, where the engine has two slots; when one fails the other is stopped."""
    tasks = [asyncio.ensure_future(answer) for answer in answers]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def ask_about(selection: Selection, policy: Judgments, seed: int) -> list[Candidate]:
    """Every candidate of a selection; those nearest to the threshold are asked about, and of the rest
    some drawn at random (audits), each with the probability of being asked."""
    ranked = sorted(selection.items, key=lambda item: abs(item.score - selection.threshold))
    near, rest = ranked[: policy.asked_per_prompt], ranked[policy.asked_per_prompt :]
    drawn = sorted(rest, key=lambda item: rank_key(seed, f"audit:{item.attribute_id}"))
    audits = {item.attribute_id for item in drawn[: policy.audits_per_prompt]}
    asked = {item.attribute_id for item in near}
    chance = min(1.0, policy.audits_per_prompt / len(rest)) if rest else 0.0

    def marked(item: ScoredAttribute) -> Candidate:
        [plain] = selection_candidates(replace(selection, items=[item]))
        origin = "asked" if item.attribute_id in asked else "audit" if item.attribute_id in audits else ""
        return replace(plain, origin=origin, inclusion_probability=1.0 if origin == "asked" else chance)

    return [marked(item) for item in selection.items]


class PreparedGenerator:
    """Pairs that exist already (another program's answers, a test): by the plan item's message id."""

    def __init__(self, pairs: Mapping[str, GeneratedPair]) -> None:
        self.pairs = pairs

    async def pair(self, item: Row) -> GeneratedPair:
        """Raises StudyError when there is none."""
        found = self.pairs.get(item["message_id"] or "")
        if found is None:
            raise StudyError(f"No answers were prepared for {item['message_id']}.")
        return found

    async def candidates(self, item: Row) -> GeneratedCandidates:
        """There are none."""
        raise NoTrial("Prepared studies have no candidates.")

    async def attribute(self, item: Row) -> Candidate:
        """There are none."""
        raise NoTrial("Prepared studies have no attributes.")
