"""Everything a person sees in a terminal.

Front doors: `tui.__main__.main` (the command `recenter`), `tui.cli` (the command line) and
`tui.app.app.run_app` (the screens). This room may import every other one; no other imports it.
"""
