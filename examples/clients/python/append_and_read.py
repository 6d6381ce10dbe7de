#!/usr/bin/env python3
"""append_and_read.py HOST:PORT LOG [FILE...]: appends each file as one record (without files: standard input), reads it
back by its offset and says what it found. Ends with 1 when a record was refused or did not come back as it was."""

import pathlib
import sys

from outsize import Client, Refused


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    host, port = arguments[0].removeprefix("tcp://").rsplit(":", 1)
    log, files = arguments[1], arguments[2:]
    payloads = [pathlib.Path(file).read_bytes() for file in files] or [sys.stdin.buffer.read()]
    with Client(host, int(port)) as client:
        print(f"node {client.node} of cluster {client.cluster_name}, link limit {client.limit_bytes}")
        for payload in payloads:
            offset = client.append(log, payload, key=b"python", headers=[("client", b"python")])
            records, _ = client.read(log, offset, offset)
            if [record.payload for record in records] != [payload] or records[0].key != b"python":
                print(f"offset {offset} does not hold what was appended", file=sys.stderr)
                return 1
            print(f"offset {offset}: {len(payload)} bytes, read back whole")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Refused, OSError, ValueError) as failed:
        print(f"append_and_read: {failed}", file=sys.stderr)
        sys.exit(1)
