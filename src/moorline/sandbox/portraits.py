"""Pictures of people, Pages and boards: a small pattern of two colours, one for each address."""

import hashlib
import struct
import zlib

from moorline.sandbox.kernel import Call, Reply

CELLS = 5  # a side
CELL_PX = 16
EDGE_PX = 8
SIDE_PX = CELLS * CELL_PX + 2 * EDGE_PX


def portrait(call: Call) -> Reply:
    """A PNG, the same for the same host, path and query."""
    digest = hashlib.sha256(f"{call.host}{call.path}?{call.raw_query}".encode()).digest()
    return Reply(body=_png(digest), headers=(("content-type", "image/png"), ("cache-control", "max-age=1209600")))


def _png(digest: bytes) -> bytes:
    """One bit a pixel, so that a page of a thousand rows stays light. (PNG, third edition, sections 5 and 11)"""
    header = struct.pack(">IIBBBBB", SIDE_PX, SIDE_PX, 1, 3, 0, 0, 0)
    rows = b"".join(b"\x00" + _row(digest, y) for y in range(SIDE_PX))
    chunks = ((b"IHDR", header), (b"PLTE", _palette(digest)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _row(digest: bytes, y: int) -> bytes:
    bits = 0
    for x in range(SIDE_PX):
        bits = bits << 1 | _is_inked(digest, x, y)
    return bits.to_bytes(SIDE_PX // 8, "big")


def _is_inked(digest: bytes, x: int, y: int) -> int:
    """Left and right mirror each other."""
    column, line = (x - EDGE_PX) // CELL_PX, (y - EDGE_PX) // CELL_PX
    if not (0 <= column < CELLS and 0 <= line < CELLS):
        return 0
    place = line * 3 + min(column, CELLS - 1 - column)
    return digest[3 + place // 8] >> (place % 8) & 1


def _palette(digest: bytes) -> bytes:
    """A pale ground and a deep ink of one hue."""
    ground, ink = ([int(255 * (base + span * part / 255)) for part in digest[:3]] for base, span in _SHADES)
    return bytes((*ground, *ink))


_SHADES = ((0.82, 0.14), (0.15, 0.45))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
