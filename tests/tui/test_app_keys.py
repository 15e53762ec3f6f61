"""The help page comes from the bindings; nothing with keys is left out of it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

from textual.dom import DOMNode

import tui.app
from tests.tui.app_pilot import running, shown_text, until
from tui.app.help_screen import sections
from tui.app.keys import key_lines
from tui.app.text import _chinese, tr, use_language


def classes_with_keys() -> set[type[DOMNode]]:
    found = set()
    for module in pkgutil.iter_modules(tui.app.__path__, "tui.app."):
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if (
                issubclass(member, DOMNode)
                and member.__module__ == module.name
                and member.__dict__.get("BINDINGS")
            ):
                found.add(member)
    return found


def test_every_class_with_keys_is_in_the_help() -> None:
    listed = {each for _, classes in sections() for each in classes}
    assert classes_with_keys() - listed == set()


def test_every_key_says_what_it_does() -> None:
    for node_class in classes_with_keys():
        for line in key_lines(node_class):
            assert line.what.strip(), (node_class, line.keys)


def test_no_key_of_a_screen_has_two_meanings() -> None:
    for node_class in classes_with_keys():
        keys = [key for line in key_lines(node_class) for key in line.keys]
        assert len(keys) == len(set(keys)), node_class


def test_every_binding_has_a_chinese_description() -> None:
    table = _chinese()
    use_language("en")
    for node_class in classes_with_keys():
        for line in key_lines(node_class):
            assert line.what in table or line.what in ("A", "B"), (node_class, line.what)


def test_places_in_both_languages_are_the_same() -> None:
    import re

    for english, chinese in _chinese().items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese)), english
    use_language("zh")
    assert tr("{n} min", n=3) == "3 分钟"
    use_language("en")


async def test_f1_lists_the_keys_on_the_screen(tmp_path: Path) -> None:
    async with running(tmp_path, size=(100, 60)) as (app, pilot):
        await pilot.press("f1")
        await until(pilot, lambda: "Ctrl+J" in shown_text(app), "the keys")
        await pilot.press("f1")
        await until(pilot, lambda: app.screen is app.chat_screen, "closed by the same key")
