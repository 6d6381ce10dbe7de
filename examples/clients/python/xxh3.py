"""XXH3 with 128 bits, seed 0 and the default secret, in canonical form.

Only the standard library, so slow: a few MB a second. With python3-xxhash installed, xxhash.xxh3_128_digest(data) is the
same function and fast.
"""

import struct

_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
_MASK = (1 << 64) - 1
_P32_1, _P32_2, _P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
_P64_1, _P64_2, _P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P64_4, _P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_STRIPE = 64
_STRIPES_PER_BLOCK = (len(_SECRET) - _STRIPE) // 8
_BLOCK = _STRIPE * _STRIPES_PER_BLOCK


def _u32(data, at):
    return int.from_bytes(data[at : at + 4], "little")


def _u64(data, at):
    return int.from_bytes(data[at : at + 8], "little")


def _fold(left, right):
    product = left * right
    return (product & _MASK) ^ (product >> 64)


def _avalanche(value):
    value ^= value >> 37
    value = value * 0x165667919E3779F9 & _MASK
    return value ^ (value >> 32)


def _avalanche_64(value):
    value ^= value >> 33
    value = value * _P64_2 & _MASK
    value ^= value >> 29
    value = value * _P64_3 & _MASK
    return value ^ (value >> 32)


def _swap(value, size):
    return int.from_bytes(value.to_bytes(size, "little"), "big")


def _secret_pair(at):
    return _u64(_SECRET, at) ^ _u64(_SECRET, at + 8)


def _of_0():
    return _avalanche_64(_secret_pair(64)), _avalanche_64(_secret_pair(80))


def _of_1_to_3(data):
    size = len(data)
    low = data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8
    swapped = _swap(low, 4)
    high = (swapped << 13 | swapped >> 19) & 0xFFFFFFFF
    low ^= _u32(_SECRET, 0) ^ _u32(_SECRET, 4)
    high ^= _u32(_SECRET, 8) ^ _u32(_SECRET, 12)
    return _avalanche_64(low), _avalanche_64(high)


def _of_4_to_8(data):
    size = len(data)
    keyed = (_u32(data, 0) | _u32(data, size - 4) << 32) ^ _secret_pair(16)
    product = keyed * (_P64_1 + (size << 2))
    low, high = product & _MASK, product >> 64
    high = high + (low << 1) & _MASK
    low ^= high >> 3
    low ^= low >> 35
    low = low * 0x9FB21C651E98DF25 & _MASK
    low ^= low >> 28
    return low, _avalanche(high)


def _of_9_to_16(data):
    size = len(data)
    first, last = _u64(data, 0), _u64(data, size - 8)
    product = (first ^ last ^ _secret_pair(32)) * _P64_1
    low, high = product & _MASK, product >> 64
    low = low + ((size - 1) << 54) & _MASK
    last ^= _secret_pair(48)
    high = high + last + (last & 0xFFFFFFFF) * (_P32_2 - 1) & _MASK
    low ^= _swap(high, 8)
    product = low * _P64_2
    low, high = product & _MASK, (product >> 64) + high * _P64_2 & _MASK
    return _avalanche(low), _avalanche(high)


def _mix_16(data, at, secret_at):
    return _fold(_u64(data, at) ^ _u64(_SECRET, secret_at), _u64(data, at + 8) ^ _u64(_SECRET, secret_at + 8))


def _mix_32(low, high, data, at, other, secret_at):
    low = low + _mix_16(data, at, secret_at) & _MASK
    low ^= _u64(data, other) + _u64(data, other + 8) & _MASK
    high = high + _mix_16(data, other, secret_at + 16) & _MASK
    high ^= _u64(data, at) + _u64(data, at + 8) & _MASK
    return low, high


def _finish_mid(low, high, size):
    mixed = low * _P64_1 + high * _P64_4 + size * _P64_2 & _MASK
    return _avalanche(low + high & _MASK), -_avalanche(mixed) & _MASK


def _of_17_to_128(data):
    size = len(data)
    low, high = size * _P64_1 & _MASK, 0
    for step in range((size - 1) // 32, -1, -1):
        low, high = _mix_32(low, high, data, 16 * step, size - 16 * (step + 1), 32 * step)
    return _finish_mid(low, high, size)


def _of_129_to_240(data):
    size = len(data)
    low, high = size * _P64_1 & _MASK, 0
    for at in range(0, 128, 32):
        low, high = _mix_32(low, high, data, at, at + 16, at)
    low, high = _avalanche(low), _avalanche(high)
    for at in range(128, size - 31, 32):
        low, high = _mix_32(low, high, data, at, at + 16, 3 + at - 128)
    low, high = _mix_32(low, high, data, size - 16, size - 32, 136 - 17 - 16)
    return _finish_mid(low, high, size)


def _accumulate(acc, data, at, secret_at):
    values = struct.unpack_from("<8Q", data, at)
    keys = struct.unpack_from("<8Q", _SECRET, secret_at)
    for i in range(8):
        keyed = values[i] ^ keys[i]
        acc[i ^ 1] = acc[i ^ 1] + values[i] & _MASK
        acc[i] = acc[i] + (keyed & 0xFFFFFFFF) * (keyed >> 32) & _MASK


def _scramble(acc):
    keys = struct.unpack_from("<8Q", _SECRET, len(_SECRET) - _STRIPE)
    for i in range(8):
        acc[i] = (acc[i] ^ acc[i] >> 47 ^ keys[i]) * _P32_1 & _MASK


def _merge(acc, secret_at, start):
    result = start
    for i in range(0, 8, 2):
        result += _fold(acc[i] ^ _u64(_SECRET, secret_at + 8 * i), acc[i + 1] ^ _u64(_SECRET, secret_at + 8 * i + 8))
    return _avalanche(result & _MASK)


def _of_many(data):
    size = len(data)
    acc = [_P32_3, _P64_1, _P64_2, _P64_3, _P64_4, _P32_2, _P64_5, _P32_1]
    blocks = (size - 1) // _BLOCK
    for block in range(blocks):
        for stripe in range(_STRIPES_PER_BLOCK):
            _accumulate(acc, data, block * _BLOCK + stripe * _STRIPE, stripe * 8)
        _scramble(acc)
    for stripe in range((size - 1 - blocks * _BLOCK) // _STRIPE):
        _accumulate(acc, data, blocks * _BLOCK + stripe * _STRIPE, stripe * 8)
    _accumulate(acc, data, size - _STRIPE, len(_SECRET) - _STRIPE - 7)
    low = _merge(acc, 11, size * _P64_1 & _MASK)
    high = _merge(acc, len(_SECRET) - _STRIPE - 11, ~(size * _P64_2) & _MASK)
    return low, high


def digest(data):
    """The 16 bytes of the protocol's digests."""
    size = len(data)
    if size == 0:
        low, high = _of_0()
    elif size <= 3:
        low, high = _of_1_to_3(data)
    elif size <= 8:
        low, high = _of_4_to_8(data)
    elif size <= 16:
        low, high = _of_9_to_16(data)
    elif size <= 128:
        low, high = _of_17_to_128(data)
    elif size <= 240:
        low, high = _of_129_to_240(data)
    else:
        low, high = _of_many(data)
    return high.to_bytes(8, "big") + low.to_bytes(8, "big")
