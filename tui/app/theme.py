"""The app's own two themes; Textual's others can be chosen as well."""

from __future__ import annotations

import os

from textual.theme import Theme

DARK = Theme(
    name="recenter-dark",
    primary="#7aa2f7",
    secondary="#9d8cf0",
    accent="#e0af68",
    warning="#e0af68",
    error="#f7768e",
    success="#8cc570",
    foreground="#d5d9e6",
    background="#15171e",
    surface="#1b1e27",
    panel="#242834",
    dark=True,
    variables={"border": "#3a4052", "footer-background": "#15171e", "footer-key-foreground": "#e0af68"},
)
LIGHT = Theme(
    name="recenter-light",
    primary="#2f5fc4",
    secondary="#6b4fc4",
    accent="#9a5b00",
    warning="#9a5b00",
    error="#b3263f",
    success="#2c7a36",
    foreground="#22252d",
    background="#fbfaf7",
    surface="#f2f0ea",
    panel="#e6e3da",
    dark=False,
    variables={"border": "#c4bfb2", "footer-background": "#fbfaf7", "footer-key-foreground": "#9a5b00"},
)


def choose_theme(setting: str | None, available: set[str]) -> str:
    """The theme of the settings when there is such a one; in a terminal without true colours the ANSI one."""
    wanted = (setting or "").strip()
    aliases = {"dark": DARK.name, "light": LIGHT.name, "ansi": "ansi-dark"}
    wanted = aliases.get(wanted, wanted)
    if wanted in available:
        return wanted
    term = os.environ.get("TERM", "")
    if term in ("linux", "ansi", "vt100", "xterm-16color", "screen.linux"):
        return "ansi-dark"
    return DARK.name
