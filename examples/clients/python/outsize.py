"""A small client of Outsize over TCP, written from docs/protocol.md; section numbers below are those of that page.

One link, one request at a time, no parts: enough to append and to read. Only the standard library.
"""

import socket
import struct

import messagepack as mp
import xxh3

HELLO, WELCOME, GOODBYE, PING, PONG, FAILURE = 1, 2, 3, 4, 5, 8
APPEND, APPENDED, READ, RECORDS, COMMAND, COMMAND_RESULT = 16, 17, 18, 19, 64, 65
READ_PAYLOAD, PAYLOAD_PIECE = 30, 31
ROLE_CLIENT, LINK_STORES = 2, 2
RETRY = {0: "never", 1: "after-change", 2: "later", 3: "reconnect"}
ENTRY_DATA, ENTRY_COMMIT, ENTRY_REFERENCE = 1, 3, 4
ENTRY_HEADER_BYTES = 120
CHECKED_BYTES = 102
MESSAGE_LIMIT = 1 << 30  # whatever the node's limit is, its answers come whole (section 6)


class ProtocolError(Exception):
    """The other side does not follow the protocol."""


class Refused(Exception):
    """The node said no: `code` and `retry` for programs, the text for people."""

    def __init__(self, refusal):
        self.code = refusal[1]
        self.actual_bytes, self.limit_bytes = refusal[2], refusal[3]
        self.limit_source = refusal[8]
        self.retry = RETRY.get(refusal[13], "never")
        super().__init__(f"code {self.code} (retry: {self.retry}): {refusal[4]}")


class Parted(ConnectionError):
    """The node said goodbye, and why."""


class OutcomeUnknown(Exception):
    """The link ended before the answer came: the record may be in the log or not (section 8.3)."""


class Record:
    """`payload` is None where it did not come with the record: then Client.payload_of reads it."""

    def __init__(self, offset, header, payload, large=None):
        self.offset = offset
        self.payload = payload
        self.large = large  # payload_bytes, content and the encoded record header
        self.producer = header.get(1)
        self.key = header.get(5)
        self.headers = [(name, value) for name, value in header.get(6, [])]


def record_header(producer=None, key=None, headers=()):
    """Section 7.1. producer: (name, epoch, sequence, predecessor)."""
    encoded = {5: None if key is None else mp.data(key)}
    if producer is not None:
        name, epoch, sequence, predecessor = producer
        encoded.update({1: mp.text(name), 2: mp.u64(epoch), 3: mp.u64(sequence), 4: mp.u64(predecessor)})
    if headers:
        encoded[6] = mp.array([mp.array([mp.text(name), mp.data(value)]) for name, value in headers])
    return mp.fields(encoded)


def entry_header(encoded):
    """Section 7.2, checked."""
    if len(encoded) != ENTRY_HEADER_BYTES:
        raise ProtocolError(f"an entry header of {len(encoded)} bytes")
    if xxh3.digest(encoded[:CHECKED_BYTES]) != encoded[CHECKED_BYTES + 2 :]:
        raise ProtocolError("an entry header does not match its checksum")
    names = ("segment", "offset", "generation", "kind", "flags", "set", "fragment_index", "total_bytes", "timestamp_ms")
    names += ("record_header_bytes", "payload_bytes", "content", "checksum")
    return dict(zip(names, mp.decode(encoded)))


def frame(*parts):
    """Section 2.1: a message as a TCP connection carries it."""
    lengths = b"".join(struct.pack("<Q", len(part)) for part in parts)
    return b"OSF1" + struct.pack("<I", len(parts)) + lengths + b"".join(parts)


def envelope(kind, number, body):
    return mp.array([mp.u16(kind), mp.u64(number), body])


def hello(name):
    return mp.fields(
        {
            1: mp.u16(1),
            2: mp.u16(1),
            3: mp.u8(ROLE_CLIENT),
            4: mp.u8(LINK_STORES),
            5: mp.data(bytes(16)),
            6: mp.text(""),
            7: mp.text(name),
            8: mp.u64(0),
            9: mp.u64(MESSAGE_LIMIT),
            10: mp.u64(0),
            11: mp.u64(0),
            12: mp.u64(0),
        }
    )


class Client:
    """Connects, says hello; then append and read. Not for several threads."""

    def __init__(self, host, port, name="python", timeout=30.0):
        self._socket = socket.create_connection((host, port), timeout)
        self._last_number = 0
        self.limit_bytes = 4096
        try:
            self._send(envelope(HELLO, 0, hello(name)))
            kind, _, welcome, _ = self._receive()
            if kind != WELCOME or welcome[1] != 1:
                raise ProtocolError(f"kind {kind} came instead of a welcome to version 1")
        except BaseException:
            self._socket.close()
            raise
        self.node, self.cluster_name = welcome[7], welcome[6]
        self.limit_bytes = min(MESSAGE_LIMIT, welcome[9])

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def append(self, log, payload, producer=None, key=None, headers=()):
        """Appends one record; returns its offset once it is committed. Raises Refused or OutcomeUnknown."""
        header = record_header(producer, key, headers)
        content = xxh3.digest(header + payload)
        item = mp.fields({1: mp.u32(len(header)), 2: mp.u64(len(payload)), 3: mp.data(content)})
        body = mp.fields({1: mp.text(log), 2: mp.array([item]), 3: mp.u64(0), 4: mp.u8(0)})
        try:
            answer, _ = self._ask(APPEND, body, header, payload)
        except OSError as lost:
            raise OutcomeUnknown(f"no answer to the append: {lost}") from lost
        result = answer[1][0]
        if result.get(7) is not None:
            raise Refused(result[7])
        return result[1]

    def read(self, log, first, last=(1 << 64) - 1, count_max=0, bytes_max=0, wait_ms=0):
        """Returns the records found and the offset to go on from."""
        body = mp.fields(
            {1: mp.text(log), 2: mp.u64(first), 3: mp.u64(last), 4: mp.u32(count_max), 5: mp.u64(bytes_max), 6: mp.u64(wait_ms)}
        )
        answer, payload = self._ask(READ, body)
        records, at = [], 0
        for encoded in answer[1]:
            entry = entry_header(encoded)
            end = at + entry["record_header_bytes"] + entry["payload_bytes"]
            records.append(self._record(entry, payload[at:end]))
            at = end
        return [record for record in records if record is not None], answer[2]

    def read_payload(self, log, offset, first, bytes_max=0):
        """Bytes of the payload of the large record at `offset` from byte `first` on, and how many it has in all."""
        body = mp.fields({1: mp.text(log), 2: mp.u64(offset), 3: mp.u64(first), 4: mp.u64(bytes_max)})
        answer, piece = self._ask(READ_PAYLOAD, body)
        return piece, answer[2]

    def payload_of(self, log, record):
        """The whole payload of a large record, verified. In memory: for more than that, read_payload and a digest that
        takes its bytes one after the other."""
        payload = bytearray()
        while len(payload) < record.large["payload_bytes"]:
            piece, _ = self.read_payload(log, record.offset, len(payload))
            if not piece:
                raise ProtocolError(f"the payload at offset {record.offset} ends early")
            payload += piece
        if xxh3.digest(record.large["record_header"] + payload) != record.large["content"]:
            raise ProtocolError(f"the payload at offset {record.offset} does not match its digest")
        return bytes(payload)

    def command(self, name, arguments=""):
        """An operator's command; its result is a JSON text."""
        answer, _ = self._ask(COMMAND, mp.fields({1: mp.text(name), 2: mp.text(arguments)}))
        return answer[1]

    @staticmethod
    def _record(entry, body):
        if xxh3.digest(body) != entry["content"]:
            raise ProtocolError(f"the record at offset {entry['offset']} does not match its digest")
        if entry["kind"] not in (ENTRY_DATA, ENTRY_COMMIT, ENTRY_REFERENCE):
            return None
        encoded, rest = bytes(body[: entry["record_header_bytes"]]), bytes(body[entry["record_header_bytes"] :])
        header = mp.decode(encoded)
        if entry["kind"] == ENTRY_DATA:
            return Record(entry["offset"], header, rest)
        said = mp.decode(rest)  # section 7.2
        payload_bytes, content = (said[5], said[6]) if entry["kind"] == ENTRY_COMMIT else (said[3], said[4])
        large = {"payload_bytes": payload_bytes, "content": content, "record_header": encoded}
        return Record(entry["offset"], header, None, large)

    def _ask(self, kind, body, *payload):
        """Section 5: one request, its answer."""
        self._last_number += 1
        self._send(envelope(kind, self._last_number, body), *payload)
        while True:
            got, number, answer, rest = self._receive()
            if number != self._last_number:
                continue  # of a request that was given up
            if got == FAILURE:
                raise Refused(answer[1])
            if got != kind + 1:
                raise ProtocolError(f"kind {got} as the answer to kind {kind}")
            return answer, rest

    def _send(self, *parts):
        size = sum(len(part) for part in parts)
        if size > self.limit_bytes:
            raise ValueError(f"a message of {size} bytes is over the link's limit of {self.limit_bytes}")
        self._socket.sendall(frame(*parts))

    def _receive(self):
        """The next message that is not the link's own: kind, number, body, payload."""
        while True:
            start = self._read(8)
            count = struct.unpack("<I", start[4:])[0]
            if start[:4] != b"OSF1" or not 1 <= count <= 1024:
                raise ProtocolError(f"bytes that begin no frame: {start.hex()}")
            lengths = struct.unpack(f"<{count}Q", self._read(8 * count))
            if sum(lengths) > MESSAGE_LIMIT:
                raise ProtocolError(f"a message of {sum(lengths)} bytes")
            header = self._read(lengths[0])
            payload = self._read(sum(lengths[1:]))
            kind, number, body = mp.decode(header)
            if kind == PING:
                self._send(envelope(PONG, number, mp.fields({})))
            elif kind == GOODBYE:
                raise Parted(str(Refused(body[1])))
            elif kind != PONG:
                return kind, number, body, payload

    def _read(self, count):
        """`count` bytes. They are taken as they come: a length costs no memory before its bytes are there."""
        pieces, left = [], count
        while left > 0:
            piece = self._socket.recv(min(left, 1 << 20))
            if not piece:
                raise ConnectionError("the node closed the connection")
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)
