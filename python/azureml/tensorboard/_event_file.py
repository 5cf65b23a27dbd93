"""Event files of TensorBoard: TFRecord framing around protobuf messages of scalar summaries, written by hand so that nothing need be installed.

A record is length (u64), masked CRC-32C of it, the message, masked CRC-32C of that, little-endian. Messages: tensorflow/core/util/event.proto
(wall_time 1, step 2, file_version 3, summary 5) and framework/summary.proto (value 1: tag 1, simple_value 2).
"""
import struct
from typing import BinaryIO, List


def _make_table() -> List[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _make_table()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli): 0xE3069283 for b"123456789"."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    value = crc32c(data)
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _varint(number: int) -> bytes:
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _bytes_field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


class EventFile:
    """Writes to an open file.

    :param wall_time: seconds since 1970, of the file's beginning.
    """

    def __init__(self, target: BinaryIO, wall_time: float):
        self._target = target
        self._write(b"\x09" + struct.pack("<d", wall_time) + _bytes_field(3, b"brain.Event:2"))

    def scalar(self, tag: str, value: float, step: int, wall_time: float) -> None:
        """One point; values are kept with the precision of 32 bits."""
        summary = _bytes_field(1, _bytes_field(1, tag.encode("utf-8")) + b"\x15" + _float(value))
        self._write(b"\x09" + struct.pack("<d", wall_time) + b"\x10" + _varint(step) + _bytes_field(5, summary))

    def _write(self, message: bytes) -> None:
        length = struct.pack("<Q", len(message))
        self._target.write(length + _masked(length) + message + _masked(message))


def _float(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))
