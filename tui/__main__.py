"""The command `recenter`."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command line and returns its exit status.

    The help page is written without the command line's machinery, because importing that takes longer than
    everything else about it.
    """
    if sys.argv[1:] in (["--help"], ["-h"]):
        from tui.cli.overview import overview

        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        try:
            print(overview(), flush=True)
        except BrokenPipeError:
            sys.stderr.close()
            return 141
        return 0
    from tui.cli.root import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
