"""The question that stands under a pair, and the keys that answer it."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.app.keys import hints
from tui.app.rating_flow import RatingFlow
from tui.app.text import tr

STRENGTH_WORDS = {
    1: "A much better",
    2: "A better",
    3: "no difference",
    4: "B better",
    5: "B much better",
}


class RatingBar(Static):
    """Draws the step of a `RatingFlow`; each key can be clicked as well."""

    def __init__(self, **kwargs: str) -> None:
        super().__init__(id=kwargs.get("id"))
        self.flow: RatingFlow | None = None
        self.result = ""
        self.writing = False

    def show(self, flow: RatingFlow | None, *, result: str = "", writing: bool = False) -> None:
        """Draws this step; `result` is what stands there once it is done."""
        self.flow, self.result, self.writing = flow, result, writing
        self.update(self._draw())

    def _draw(self) -> Content:
        flow = self.flow
        if flow is None or flow.step == "done":
            return Content.from_markup("$text", text=self.result) if self.result else Content("")
        question, keys = {
            "choice": self._choice,
            "strength": self._strength,
            "guess": self._guess,
        }[flow.step]()
        head = Content.styled(question, "bold $accent")
        if self.writing:
            head += Content.styled("   " + tr("still being written"), "$foreground 60%")
        return head + Content("\n") + keys

    def _choice(self) -> tuple[str, Content]:
        return tr("Which answer is better for you?"), hints(
            [
                ("1/←", "A", "pair.side('left')"),
                ("2/→", "B", "pair.side('right')"),
                ("t", tr("tie"), "pair.choose('tie')"),
                ("b", tr("both bad"), "pair.choose('both_bad')"),
                ("s", tr("skip"), "pair.choose('skip')"),
            ]
        )

    def _strength(self) -> tuple[str, Content]:
        assert self.flow is not None
        items = [(str(n), tr(STRENGTH_WORDS[n]), f"pair.digit({n})") for n in self.flow.allowed_strengths()]
        return tr("How much better?"), hints([*items, ("u", tr("undo"), "pair.undo")])

    def _guess(self) -> tuple[str, Content]:
        return tr("Which one do you think knew something about you?"), hints(
            [
                ("1/←", "A", "pair.side('left')"),
                ("2/→", "B", "pair.side('right')"),
                ("n", tr("no idea"), "pair.no_idea"),
                ("u", tr("undo"), "pair.undo"),
            ]
        )
