"""MessagePack as docs/protocol.md section 3 writes it: integers of fixed width, the shortest heads for everything else."""

import struct


def u8(value):
    return struct.pack(">BB", 0xCC, value)


def u16(value):
    return struct.pack(">BH", 0xCD, value)


def u32(value):
    return struct.pack(">BI", 0xCE, value)


def u64(value):
    return struct.pack(">BQ", 0xCF, value)


def _head(size, fixed, fixed_max, marks):
    """marks: for 8, 16 and 32 bits; None where MessagePack has none."""
    if size <= fixed_max:
        return bytes([fixed + size])
    for mark, shape, most in zip(marks, (">BB", ">BH", ">BI"), (0xFF, 0xFFFF, 0xFFFFFFFF)):
        if mark is not None and size <= most:
            return struct.pack(shape, mark, size)
    raise ValueError(f"{size} is too long for MessagePack")


def text(value):
    encoded = value.encode()
    return _head(len(encoded), 0xA0, 31, (0xD9, 0xDA, 0xDB)) + encoded


def data(value):
    return _head(len(value), 0, -1, (0xC4, 0xC5, 0xC6)) + value


def array(items):
    """items: encoded already."""
    return _head(len(items), 0x90, 15, (None, 0xDC, 0xDD)) + b"".join(items)


def fields(by_number):
    """A struct: {number: encoded value}, written in ascending order; fields that are None are left out."""
    present = [(number, value) for number, value in sorted(by_number.items()) if value is not None]
    return bytes([0x80 + len(present)]) + b"".join(bytes([number]) + value for number, value in present)


class Malformed(Exception):
    """Bytes that are no MessagePack, or end too soon."""


class _Reader:
    def __init__(self, encoded):
        self.encoded = encoded
        self.at = 0

    def take(self, count):
        if count > len(self.encoded) - self.at:
            raise Malformed(f"bytes end inside a value at byte {self.at}")
        taken = self.encoded[self.at : self.at + count]
        self.at += count
        return taken

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def items(self, count):
        return [self.value() for _ in range(count)]

    def pairs(self, count):
        return {self.value(): self.value() for _ in range(count)}

    def value(self):
        mark = self.number(1)
        if mark <= 0x7F:
            return mark
        if mark <= 0x8F:
            return self.pairs(mark - 0x80)
        if mark <= 0x9F:
            return self.items(mark - 0x90)
        if mark <= 0xBF:
            return self.take(mark - 0xA0).decode()
        if mark == 0xC0:
            return None
        if mark in (0xC2, 0xC3):
            return mark == 0xC3
        if 0xC4 <= mark <= 0xC6:
            return bytes(self.take(self.number(1 << mark - 0xC4)))
        if 0xC7 <= mark <= 0xC9:
            return self.take(self.number(1 << mark - 0xC7) + 1)
        if mark in (0xCA, 0xCB):
            return struct.unpack(">f" if mark == 0xCA else ">d", self.take(4 if mark == 0xCA else 8))[0]
        if 0xCC <= mark <= 0xCF:
            return self.number(1 << mark - 0xCC)
        if 0xD0 <= mark <= 0xD3:
            return int.from_bytes(self.take(1 << mark - 0xD0), "big", signed=True)
        if 0xD4 <= mark <= 0xD8:
            return self.take((1 << mark - 0xD4) + 1)
        if 0xD9 <= mark <= 0xDB:
            return self.take(self.number(1 << mark - 0xD9)).decode()
        if mark in (0xDC, 0xDD):
            return self.items(self.number(2 if mark == 0xDC else 4))
        if mark in (0xDE, 0xDF):
            return self.pairs(self.number(2 if mark == 0xDE else 4))
        if mark >= 0xE0:
            return mark - 0x100
        raise Malformed(f"a mark that MessagePack does not use: {mark:#x}")


def decode(encoded):
    """The one value that `encoded` is: int, str, bytes, list, dict, None; other types as Python has them."""
    reader = _Reader(encoded)
    value = reader.value()
    if reader.at != len(encoded):
        raise Malformed(f"bytes behind the end at byte {reader.at}")
    return value
