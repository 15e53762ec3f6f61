"""The screens. Front door: `tui.app.app.run_app(settings) -> int`, which opens the app
and returns its exit status.

Rules of this folder: workers post messages and never touch widgets; every call of a store goes
through `asyncio.to_thread`; whatever a person reads goes through `tui.app.text.tr`.
"""
