"""Removes invisible characters from captions: control characters and zero-width format characters."""

import re

# Default_Ignorable_Code_Point and General_Category Cf (DerivedCoreProperties.txt, Unicode 16): invisible on their own.
# Visible Cf (Arabic number sign, hieroglyph joiners) and variation selectors are not among them.
_FORMAT = (
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
# Cc except white space, which `canonical` turns into spaces
_CONTROL = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_INVISIBLE = f"{_CONTROL}{_FORMAT}"
# Blocks of the scripts whose writing needs joiners: Arabic to Arabic Extended-A, the Indic scripts, Tibetan, Myanmar,
# Khmer, Mongolian, Limbu to Batak, Phags-pa to Meetei Mayek, Arabic presentation forms, Kharoshthi to Sogdian, Brahmi
# and its descendants, Adlam.
_JOINED = (
    "\u0600-\u061b\u061d-\u0e00\u0f00-\u109f\u1780-\u180d\u180f-\u18af\u1900-\u1aaf\u1b00-\u1c4f\ua840-\uabff\ufb50-\ufdff\ufe70-\ufefe"
    "\U00010a00-\U00010fff\U00011000-\U00011fff\U0001e900-\U0001e95f"
)
_PICTURE = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_SEQUENCES = "|".join(
    (
        f"(?<=[{_JOINED}])\u200c+(?=[{_JOINED}])",
        f"(?<=[{_JOINED}])[\u180e\u200d]",
        f"(?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])",
        "(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f",
    )
)
_REPLACE = re.compile(f"({_SEQUENCES})|[{_INVISIBLE}]+").sub


def strip_invisible(text: str) -> str:
    """A text without control characters (Cc) other than white space, and without the format characters (Cf) that are
    default-ignorable: zero-width spaces and joiners, bidirectional controls, soft hyphens, byte-order marks, tags.

    Characters that writing needs stay, after Unicode's guidance (UAX #31, section 2.3; UTS #51, section 1.4). In the
    scripts that are written with them (Arabic, Indic and others, by block), these are a zero-width non-joiner between
    letters, and a joiner or Mongolian vowel separator after a letter. In emoji, they are a joiner between pictures and
    the tags of a flag. Call it before `canonical`: removing characters can change the NFC form. Idempotent.
    """
    return text if text.isprintable() else _REPLACE(r"\1", text)  # Cc and Cf are not printable, and most texts are
