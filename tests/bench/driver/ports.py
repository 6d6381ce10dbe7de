"""Ports nobody else takes while we hold them: a lock file for each, and a bind to see that it is free."""

import contextlib
import fcntl
import os
import socket

FIRST, LAST = 18000, 19999  # below what the kernel hands out by itself
FOLDER = "/tmp/outsize-test-ports"  # as the tests, which take theirs from 20000 on


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def reserved(count: int):
    os.makedirs(FOLDER, exist_ok=True)
    with contextlib.ExitStack() as stack:
        ports = []
        for port in range(FIRST, LAST + 1):
            lock = stack.enter_context(open(f"{FOLDER}/{port}", "w", encoding="ascii"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            if _is_free(port):
                ports.append(port)
            if len(ports) == count:
                yield ports
                return
        raise RuntimeError(f"no {count} free ports between {FIRST} and {LAST}")
