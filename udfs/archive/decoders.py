"""Decoders of the Encoding standard's encodings, https://encoding.spec.whatwg.org/.

Deviation: the CJK tables are Python's: rare characters (user-defined areas, vendor extensions of Big5, half-width
katakana in ISO-2022-JP) may come out as U+FFFD or as another code point.
"""

import codecs
from collections.abc import Callable
from functools import lru_cache, partial

import webencodings

_REPLACEMENT = "\ufffd"
# The standard has since merged these into "replacement"; webencodings below 0.6 still lists them.
_REPLACEMENT_ENCODINGS = frozenset({"replacement", "hz-gb-2312", "iso-2022-kr", "iso-2022-cn", "iso-2022-cn-ext"})
_MULTI_BYTE_CODECS = {
    "big5": "big5hkscs",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "gb18030": "gb18030",
    "gbk": "gb18030",  # the standard decodes both alike; Python's gbk lacks the four-byte half
    "iso-2022-jp": "iso2022_jp",
    "shift_jis": "cp932",
}
# Characters that Python's tables map differently from the standard's indexes (JIS dashes and signs; a GBK space).
_JIS_CHANGES = dict(zip("〜‖−¢£¬", "～∥－￠￡￢", strict=True))
_TEXT_CHANGES = {"euc-jp": _JIS_CHANGES, "iso-2022-jp": _JIS_CHANGES, "gb18030": {"\ue5e5": "\u3000"}}
_TEXT_CHANGES["gbk"] = _TEXT_CHANGES["gb18030"]
# First bytes of two-byte characters, by the codec's name in UnicodeDecodeError.
_LEADS = {
    "big5hkscs": frozenset(range(0x81, 0xFF)),
    "cp932": frozenset((*range(0x81, 0xA0), *range(0xE0, 0xFD))),
    "cp949": frozenset(range(0x81, 0xFF)),
    "euc_jp": frozenset((0x8E, 0x8F, *range(0xA1, 0xFF))),
    "gb18030": frozenset(range(0x81, 0xFF)),
}
# Where the standard's single-byte indexes differ from Python's tables in more than the C1 controls.
_INDEX_CHANGES = {"koi8-u": {0xAE: "\u045e", 0xBE: "\u040e"}, "windows-1255": {0xCA: "\u05ba"}}


@lru_cache(maxsize=256)
def encoding_name(label: str) -> str | None:
    """The Encoding standard's name for a label; None for an unknown label."""
    try:
        encoding = webencodings.lookup(label)
    except UnicodeEncodeError:  # a lone surrogate, from a header read with "surrogateescape"
        return None
    return None if encoding is None else encoding.name


@lru_cache(maxsize=64)
def decoder(encoding: str) -> Callable[[bytes], str]:
    """The function that decodes an encoding, by its name in the Encoding standard."""
    if encoding in _REPLACEMENT_ENCODINGS:
        return lambda data: _REPLACEMENT if data else ""
    if encoding in ("utf-16le", "utf-16be"):
        return lambda data: data.decode(encoding, "replace")
    if encoding in _MULTI_BYTE_CODECS:
        return partial(_decode_multi_byte, _MULTI_BYTE_CODECS[encoding], _TEXT_CHANGES.get(encoding, {}))
    table = _single_byte_table(encoding)
    # Most such pages are ASCII, and Python's charmap loop takes ten times as long as its ASCII check.
    return lambda data: data.decode("ascii") if data.isascii() else codecs.charmap_decode(data, "strict", table)[0]


def _decode_multi_byte(codec: str, changes: dict[str, str], data: bytes) -> str:
    """Decode with one of Python's CJK codecs, then replace the characters that the standard maps differently."""
    text = data.decode(codec, "ballast-html")
    for python_character, character in changes.items():
        text = text.replace(python_character, character)
    return text


def _single_byte_table(encoding: str) -> str:
    """The 256 characters of a single-byte encoding, by the Encoding standard's index.

    Python leaves some of 0x80–0x9F undefined; the standard maps them to the C1 controls of the same numbers.
    """
    decode = webencodings.lookup(encoding).codec_info.decode
    changes = _INDEX_CHANGES.get(encoding, {})

    def character(byte: int) -> str:
        if byte in changes:
            return changes[byte]
        text: str = decode(bytes([byte]), "replace")[0]
        return chr(byte) if text == _REPLACEMENT and byte < 0xA0 else text

    return "".join(map(character, range(256)))


def _replace_multi_byte_error(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler for the CJK encodings: one U+FFFD for each error of the standard's decoders.

    It skips both bytes of an undefined pair, unless the second is ASCII, which may be a `<`. Python alone would
    continue at the second byte and misread all pairs after it.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    lead, trail = error.object[error.start], error.object[error.start + 1 : error.start + 2]
    if trail > b"\x7f" and lead in _LEADS.get(error.encoding, ()):
        return _nec_character(lead, trail[0]) if error.encoding == "euc_jp" else _REPLACEMENT, error.start + 2
    if lead == 0x80 and error.encoding == "gb18030":
        return "€", error.start + 1
    # At the end of the data the error spans all of the unfinished character.
    return _REPLACEMENT, error.end if error.reason.startswith("incomplete") else error.start + 1


def _nec_character(lead: int, trail: int) -> str:
    """NEC's and IBM's additions, such as ① and ㈱, which Python has in its Shift_JIS but not in its EUC-JP."""
    row, cell = lead - 0xA0, trail - 0xA0
    if not (1 <= row <= 94 and 1 <= cell <= 94):
        return _REPLACEMENT
    first = (row - 1) // 2 + (0x81 if row <= 62 else 0xC1)
    second = cell + (0x9E if row % 2 == 0 else 0x3F if cell < 64 else 0x40)
    return bytes((first, second)).decode("cp932", "replace")[:1]


codecs.register_error("ballast-html", _replace_multi_byte_error)
