"""Variable-length integers, bytes and strings as Yjs puts them on the wire (lib0 encoding).

An unsigned integer is 7 bits a byte, lowest first, the high bit meaning "more". Bytes and UTF-8
strings are a byte count and then the bytes. pycrdt's own ``Encoder`` counts characters instead of
bytes, so its strings break beyond ASCII; that is why this file exists.
"""

from __future__ import annotations

from rtcd.errors import UpdateRefusedError

MAX_INTEGER_BYTES = 10


def write_integer(number: int) -> bytes:
    """An unsigned integer of any size."""
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | (number & 0x7F))
        number >>= 7
    out.append(number)
    return bytes(out)


def write_bytes(data: bytes) -> bytes:
    """A byte count and the bytes."""
    return write_integer(len(data)) + data


def write_string(text: str) -> bytes:
    """A count of UTF-8 bytes and the text."""
    return write_bytes(text.encode())


class Reader:
    """Reads from the front of ``data``; every method raises ``UpdateRefusedError`` at its end.

    Attributes:
        position: offset in bytes of what comes next.
    """

    __slots__ = ("data", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position

    @property
    def at_end(self) -> bool:
        """True when nothing is left."""
        return self.position >= len(self.data)

    def byte(self) -> int:
        """One byte."""
        try:
            value = self.data[self.position]
        except IndexError:
            raise UpdateRefusedError("a message ends too early") from None
        self.position += 1
        return value

    def integer(self) -> int:
        """An unsigned integer of at most 64 bits."""
        number = self.byte()
        if number < 0x80:
            return number
        number &= 0x7F
        for shift in range(7, 7 * MAX_INTEGER_BYTES, 7):
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
        raise UpdateRefusedError("a message holds a number that is too large")

    def payload(self) -> bytes:
        """Bytes with their count in front."""
        return self.take(self.integer())

    def string(self) -> str:
        """UTF-8 text with its byte count in front."""
        try:
            return self.payload().decode()
        except UnicodeDecodeError:
            raise UpdateRefusedError("a message holds text that is not UTF-8") from None

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        start = self.position
        self.skip(count)
        return self.data[start : self.position]

    def skip(self, count: int) -> None:
        """Pass over ``count`` bytes."""
        end = self.position + count
        if end > len(self.data):
            raise UpdateRefusedError("a message ends too early")
        self.position = end
