"""Two answers that come at the same time, printed as plain text one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

import click

# What a model writes must not steer the terminal.
_CONTROL = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


@dataclass
class AnswerPrinter:
    """Streams the answer that may be printed now and holds back the other one.

    With `headings` the generic answer comes first, and the personalized one waits for its end.
    """

    quiet: bool = False
    headings: bool = False
    _held: list[str] = field(default_factory=list)
    _begun: str = ""
    _ended: set[str] = field(default_factory=set)

    def chunk(self, arm: str, text: str) -> None:
        """A piece of an answer."""
        if self.quiet or not text:
            return
        if self.headings and arm == "personalized" and "generic" not in self._ended:
            self._held.append(text)
        else:
            self._write(arm, text)

    def end(self, arm: str) -> None:
        """An answer is complete, or will not be."""
        if self.quiet or arm in self._ended:
            return
        self._ended.add(arm)
        if self._begun == arm:
            click.echo()
        if arm == "generic" and self._held:
            self._write("personalized", "".join(self._held))
            self._held.clear()
            if "personalized" in self._ended:
                click.echo()

    def _write(self, arm: str, text: str) -> None:
        if self._begun != arm:
            if self.headings:
                click.echo(("\n" if self._begun else "") + f"## {arm.capitalize()}\n")
            self._begun = arm
        click.echo(text.translate(_CONTROL), nl=False)
