"""How long `recenter --help` takes, as a multiple of the interpreter's own start.

Usage: uv run python benchmarks/startup.py [--runs 40]
Bar: at most 5 times `python -c pass` in the same environment. The two are timed in turn, so that what else
the machine does hits both; the median counts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time

BAR = 5.0


def seconds(command: list[str]) -> float:
    """One run of a command, from its start to its end."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def recenter() -> str:
    """The command as it is installed beside this interpreter."""
    found = shutil.which("recenter", path=sysconfig.get_path("scripts"))
    if found is None:
        sys.exit("recenter is not installed in this environment.")
    return found


def main() -> int:
    """Prints the medians and the ratio; exit status 1 when the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=40)
    runs = parser.parse_args().runs
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "recenter --help": [recenter(), "--help"],
        "recenter --version": [recenter(), "--version"],
        "recenter ask --help": [recenter(), "ask", "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        seconds(command)  # the first run writes byte code
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    base = medians["python -c pass"]
    for name, median in medians.items():
        print(f"{name:22} {1000 * median:7.1f} ms  {median / base:5.2f}x")
    ratio = medians["recenter --help"] / base
    verdict = "within" if ratio <= BAR else "over"
    print(f"recenter --help: {ratio:.2f}x, {verdict} the bar of {BAR:g}x ({os.cpu_count()} processors)")
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
