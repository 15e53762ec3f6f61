"""The child process of the built-in engine: a llama.cpp server on the loopback interface.

Started by `engine.builtin_chat` as a script (`python -P builtin_server.py`), so it imports nothing of
ours. The first line of standard input is one JSON object with the configuration and the key (a key on
the command line would be visible in the process list). On standard output come JSON lines: `{"state":
"loading"}`, then `{"state": "ready", "address": URL}` or `{"state": "failed", "error": TEXT}`.

The process ends when standard input is closed, which the operating system does however the parent ends.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any, TextIO

# A stream's tokens wait for the other requests' prompt batch, and a cancelled request for its own: with
# 512 (the library's 2048) either takes seconds on two cores, at hardly more speed.
BATCH_TOKENS = 64


def build_params(config: dict[str, Any]) -> Any:
    """llama.cpp's parameters from the fields of `builtin_process.ServerConfig` and the key."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = config["model"]
    params.n_ctx = config["n_ctx"]
    params.n_parallel = config["slots"]
    params.kv_unified = True  # slots share one memory: a long prompt may use what the others do not
    params.kv_unified_per_slot = config["window"]
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = config["threads"]
    if config["gpu_layers"] is not None:
        params.n_gpu_layers = config["gpu_layers"]
    params.fit_params = False  # would shrink the window silently when memory is short
    params.api_keys = [config["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # the system picks a free one
    params.ui = False
    params.n_threads_http = 8
    params.cache_ram_mib = config["cache_mib"]
    params.verbosity = 1
    params.sse_ping_interval = -1  # a ping would pass for a sign of life of a model that hangs
    params.offline = True
    return params


def start_server(config: dict[str, Any]) -> Any:
    """Loads and serves the model; without the GPU when it does not fit there and nobody asked for it."""
    import xllamacpp

    try:
        return xllamacpp.Server(build_params(config))
    except Exception:
        has_gpu = len(xllamacpp.get_device_info()) > 1  # the processor is one of them
        if config["gpu_layers"] is not None or not has_gpu:
            raise
        return xllamacpp.Server(build_params({**config, "gpu_layers": 0}))


def exit_with_parent(stdin: TextIO) -> None:
    """Blocks until the parent closes the pipe or is gone, then ends this process at once."""
    while stdin.readline():
        pass
    os._exit(0)


def main() -> None:
    """Loads the model, says where it is served, and stays until the parent goes."""
    # llama.cpp may print to standard output, which must carry nothing but our lines
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(**fields: Any) -> None:
        out.write(json.dumps(fields) + "\n")
        out.flush()

    line = sys.stdin.readline()
    if not line:
        return
    config = json.loads(line)
    watcher = threading.Thread(target=exit_with_parent, args=(sys.stdin,), daemon=True)
    watcher.start()
    say(state="loading")
    try:
        server = start_server(config)
        address = server.listening_address
    except BaseException as error:
        say(state="failed", error=f"{type(error).__name__}: {error}")
        os._exit(1)
    say(state="ready", address=address)
    watcher.join()


if __name__ == "__main__":
    main()
