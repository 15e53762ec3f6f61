"""The attribute store: states, history, undo, filters, and invariants under any sequence of changes."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from memory.attributes import AttributeStore, Evidence, Sensitivity, Status
from memory.conversations import Message
from memory.database import open_database
from memory.errors import BadEvidence, NotFound, NothingToUndo, StoreError, Tombstoned
from memory.folding import fold, fold_hard
from memory.profile import Profile
from memory.schema import MIGRATIONS


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    with Profile.open(tmp_path / "p") as opened:
        yield opened


@pytest.fixture
def store(profile: Profile) -> AttributeStore:
    return profile.attributes


@pytest.fixture
def said(profile: Profile) -> Message:
    talk = profile.conversations.create("Food")
    return profile.conversations.add_user_message(talk.id, "Well, I am vegan. 我对花生过敏。")


def test_the_quote_is_read_from_the_message(store: AttributeStore, said: Message) -> None:
    made = store.propose("User is vegan.", [Evidence(said.id, 6, 16, "I am vegan")], category="food")
    assert made.status is Status.PROPOSED
    assert [item.quote for item in store.get(made.id).evidence] == ["I am vegan"]
    more = store.add_evidence(made.id, Evidence(said.id, 18, 24))
    assert [item.quote for item in more.evidence] == ["I am vegan", "我对花生过敏"]
    assert store.add_evidence(made.id, Evidence(said.id, 18, 24)).version == more.version


def test_the_checks_probability_belongs_to_its_wording(store: AttributeStore, said: Message) -> None:
    made = store.propose("User is vegan.", [Evidence(said.id, 6, 16)], confidence=0.8)
    assert store.accept(made.id).confidence == 0.8
    assert store.edit(made.id, category="food").confidence == 0.8
    assert store.edit(made.id, "User is mostly vegan.").confidence is None
    assert store.undo(made.id).confidence == 0.8
    assert store.add("User has a bike.").confidence is None


def test_an_older_memory_gains_the_probability(tmp_path: Path) -> None:
    path = tmp_path / "recenter.db"
    with open_database(path, MIGRATIONS[:4]) as older:
        older.run(
            "INSERT INTO attribute (id, text, folded, category, durability, sensitivity, status, source, "
            "created_at, updated_at) VALUES ('a', 'Is vegan.', 'is vegan.', 'food', 'lasting', 'none', "
            "'accepted', 'extracted', '2026', '2026')"
        )
        older.run(
            "INSERT INTO attribute_change VALUES ('c', 'a', 'accepted', ?, '{}', 0, '2026')",
            [
                '{"text": "Is vegan.", "category": "food", "durability": "lasting", "sensitivity": "none", '
                '"status": "proposed", "reason": "", "pinned": false, "never_use": false, '
                '"superseded_by": null, "evidence": []}'
            ],
        )
    with open_database(path, MIGRATIONS) as db:
        store = AttributeStore(db)
        assert store.get("a").confidence is None
        assert store.undo("a").status is Status.PROPOSED


def test_evidence_must_stand_in_a_users_message(
    profile: Profile, store: AttributeStore, said: Message
) -> None:
    answer = profile.conversations.start_answer(said.conversation_id, said.id)
    profile.conversations.finish_answer(answer.id, "You are vegan.")
    for wrong in (
        Evidence(said.id, 6, 16, "I am Vegan"),
        Evidence(said.id, 6, 600),
        Evidence(said.id, 6, 6),
        Evidence(answer.id, 0, 3),
        Evidence("nowhere", 0, 3),
    ):
        with pytest.raises(BadEvidence):
            store.propose("User is vegan.", [wrong])
    assert store.list() == []


def test_changes_can_be_undone_one_by_one(store: AttributeStore, said: Message) -> None:
    made = store.propose("User is vegan.", [Evidence(said.id, 6, 16)], sensitivity="health")
    store.edit(made.id, "User is vegetarian.", category="food")
    store.accept(made.id)
    store.pin(made.id)
    store.add_evidence(made.id, Evidence(said.id, 18, 24))
    states = [store.undo(made.id) for _ in range(4)]
    assert [len(state.evidence) for state in states] == [1, 1, 1, 1]
    assert [state.pinned for state in states] == [True, False, False, False]
    assert [state.status for state in states] == ["accepted", "accepted", "proposed", "proposed"]
    assert states[-1].text == "User is vegan."
    assert states[-1].category == "other"
    with pytest.raises(NothingToUndo):
        store.undo(made.id)
    assert [change.action for change in store.history(made.id)] == [
        "created",
        "edited",
        "accepted",
        "pinned",
        "evidence added",
        *["undone"] * 4,
    ]


def test_a_change_that_changes_nothing_leaves_no_trace(store: AttributeStore) -> None:
    made = store.add("User runs.")
    assert store.accept(made.id).version == made.version
    assert len(store.history(made.id)) == 1


def test_supersede_keeps_the_old_claim_dated(store: AttributeStore) -> None:
    old, new = store.add("User lives in Rome."), store.add("User lives in Oslo.")
    gone = store.supersede(old.id, new.id, "moved")
    assert (gone.status, gone.superseded_by, gone.reason) == (Status.SUPERSEDED, new.id, "moved")
    assert [item.id for item in store.usable()] == [new.id]
    assert store.undo(old.id).superseded_by is None
    with pytest.raises(StoreError):
        store.supersede(old.id, old.id)


def test_what_is_usable(store: AttributeStore) -> None:
    accepted = store.add("User runs.")
    plain = store.propose("User knits.")
    store.propose("User has asthma.", sensitivity=Sensitivity.HEALTH)
    store.reject(store.propose("User sings.").id, "wrong")
    hidden = store.add("User snores.")
    store.never_use(hidden.id)
    assert [item.id for item in store.usable()] == [accepted.id]
    assert {item.id for item in store.usable("auto")} == {accepted.id, plain.id}
    assert store.never_use(hidden.id, False).never_use is False
    assert len(store.usable("ask")) == 2


def test_lists_filter_sort_and_search(profile: Profile, store: AttributeStore, said: Message) -> None:
    vegan = store.propose("User is Vegan.", [Evidence(said.id, 6, 16)], category="food")
    city = store.add("用户住在上海，喜欢ＪＡＺＺ。", category="home")
    store.pin(vegan.id)
    assert [item.id for item in store.list()] == [vegan.id, city.id]
    assert [item.id for item in store.list(sort="oldest")] == [vegan.id, city.id]
    assert [item.id for item in store.list(status="accepted")] == [city.id]
    assert [item.id for item in store.list(status=["accepted", "proposed"], limit=1, offset=1)] == [city.id]
    assert [item.id for item in store.list(category="food")] == [vegan.id]
    assert [item.id for item in store.list(search="vegan USER")] == [vegan.id]
    assert [item.id for item in store.list(search="上海 jazz")] == [city.id]
    assert store.list(search="100%") == []
    assert [item.id for item in store.list(conversation_id=said.conversation_id)] == [vegan.id]
    assert [item.id for item in store.list(since=city.created_at)] == [city.id]
    assert store.count("accepted") == 1
    for wrong in ({"status": "forgotten"}, {"category": "pets"}, {"sort": "colour"}):
        with pytest.raises(ValueError):
            store.list(**wrong)  # type: ignore[arg-type]


def test_empty_texts_and_unknown_ids_are_refused(store: AttributeStore) -> None:
    with pytest.raises(StoreError):
        store.add("  \n ")
    for action in (store.accept, store.undo, store.pin, store.history, store.reject):
        with pytest.raises(NotFound):
            action("nothing")


def test_listeners_hear_of_every_change(store: AttributeStore) -> None:
    heard: list[str] = []
    store.listeners.append(heard.extend)
    made = store.add("User runs.")
    store.edit(made.id, "User runs daily.")
    store.accept(made.id)
    assert heard == [made.id] * 2


def holds(state_text: object, texts: set[str]) -> bool:
    return any(fold(text) in fold(str(state_text)) for text in texts)


def test_a_wording_that_holds_a_forgotten_one_stays_while_it_is_the_present_one(
    store: AttributeStore,
) -> None:
    short, long = store.add("User likes tea"), store.add("User likes tea and rain")
    edited = store.edit(store.add("User likes tea and snow").id, "User likes snow")
    pinned = store.pin(long.id, True)
    store.forget(short.id)
    assert store.get(long.id) == pinned
    assert [change.after["text"] for change in store.history(long.id)] == [long.text, long.text]
    assert store.undo(long.id).text == long.text
    assert "tea" not in str(store.history(edited.id)[0].after["text"])
    with pytest.raises(NothingToUndo):
        store.undo(edited.id)


class AttributeMachine(RuleBasedStateMachine):
    """Any order of changes keeps history, versions and links whole, and undo exact."""

    ids = Bundle("ids")
    texts = st.one_of(st.text(max_size=20), st.sampled_from(["", "a", "a b", "b"])).map(
        lambda text: "fact " + text
    )

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.profile = Profile.open(Path(self.folder.name) / "p")
        # durability is not what this machine looks at, and syncing would cost minutes
        self.profile.db.conn.execute("PRAGMA synchronous = OFF")
        self.store = self.profile.attributes
        talk = self.profile.conversations.create()
        self.message = self.profile.conversations.add_user_message(talk.id, "abcdefghijklmnopqrstuvwxyz")
        self.states: dict[str, list[tuple[object, ...]]] = {}
        self.forgotten: set[str] = set()

    def state(self, attribute_id: str) -> tuple[object, ...]:
        item = self.store.get(attribute_id)
        return (item.text, item.status, item.pinned, item.never_use, item.reason, tuple(item.evidence))

    def changed(self, attribute_id: str) -> None:
        if (state := self.state(attribute_id)) != self.states[attribute_id][-1]:
            self.states[attribute_id].append(state)

    @rule(target=ids, text=texts, by_hand=st.booleans())
    def add(self, text: str, by_hand: bool) -> str:
        try:
            made = self.store.add(text) if by_hand else self.store.propose(text)
        except Tombstoned:
            assert not by_hand
            made = self.store.add(text)
        self.states[made.id] = [self.state(made.id)]
        return made.id

    @rule(item=ids, text=texts)
    def edit(self, item: str, text: str) -> None:
        if item not in self.states:
            return
        self.store.edit(item, text)
        self.changed(item)

    @rule(item=ids, reason=st.sampled_from(["", "wrong", "private"]))
    def reject(self, item: str, reason: str) -> None:
        if item not in self.states:
            return
        self.store.reject(item, reason)
        self.changed(item)

    @rule(item=ids)
    def accept(self, item: str) -> None:
        if item not in self.states:
            return
        self.store.accept(item)
        self.changed(item)

    @rule(item=ids, value=st.booleans())
    def pin(self, item: str, value: bool) -> None:
        if item not in self.states:
            return
        self.store.pin(item, value)
        self.changed(item)

    @rule(item=ids, value=st.booleans())
    def never(self, item: str, value: bool) -> None:
        if item not in self.states:
            return
        self.store.never_use(item, value)
        self.changed(item)

    @rule(item=ids, start=st.integers(0, 10), length=st.integers(1, 10))
    def evidence(self, item: str, start: int, length: int) -> None:
        if item not in self.states:
            return
        self.store.add_evidence(item, Evidence(self.message.id, start, start + length))
        self.changed(item)

    @rule(item=ids)
    def undo(self, item: str) -> None:
        if item not in self.states:
            return
        if len(self.states[item]) == 1:
            with pytest.raises(NothingToUndo):
                self.store.undo(item)
        else:
            self.store.undo(item)
            self.states[item].pop()
            assert self.state(item) == self.states[item][-1]

    @rule(item=ids)
    def forget(self, item: str) -> None:
        if item not in self.states:
            return
        text = self.store.get(item).text
        twins = {other.id for other in self.store.list() if fold_hard(other.text) == fold_hard(text)}
        wordings = {str(c.after["text"]) for twin in twins for c in self.store.history(twin)}
        self.store.forget(item)
        assert self.store.is_tombstoned(text)
        assert item in twins
        for twin in twins:
            self.states.pop(twin)
        self.forgotten |= twins
        for former in self.states.values():  # what holds a forgotten wording is gone, but for the present one
            present = former[-1][0]
            former[:] = [s for s in former if s[0] == present or not holds(s[0], wordings)]

    @invariant()
    def everything_fits_together(self) -> None:
        items = {item.id: item for item in self.store.list()}
        assert set(items) == set(self.states)
        for attribute_id, item in items.items():
            history = self.store.history(attribute_id)
            assert history[0].action == "created"
            assert history[-1].after["text"] == item.text
            assert history[-1].after["status"] == item.status
            assert item.version == len(history)
            assert all(one.after == two.before for one, two in itertools.pairwise(history))
        db = self.profile.db
        assert db.rows("PRAGMA foreign_key_check") == []
        left = {row["attribute_id"] for row in db.rows("SELECT attribute_id FROM attribute_change")}
        assert not left & self.forgotten
        for item in self.store.usable("auto"):
            assert not item.never_use
            assert item.status in ("accepted", "proposed")

    def teardown(self) -> None:
        self.profile.close()
        self.folder.cleanup()


TestAttributeMachine = AttributeMachine.TestCase
TestAttributeMachine.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
