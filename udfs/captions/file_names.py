"""Captions that are not text: file names, web addresses and paths, which software writes in place of a text.

Precision matters more than recall, because a dropped caption is lost. Words separated by spaces describe the image even
in a file name ("Osa, the Snow Leopard.jpg"), so they are kept. Joined words ("osa_leopard-3.jpg") are one token to the
matching rule, which finds no entry in them anyway.
"""

import re

_EXTENSIONS = (
    "avif|bmp|cr2|djvu|dng|eps|gif|heic|heif|ico|jfif|jp2|jpe|jpe?g|jxl|nef|pbm|pgm|png|pnm|ppm|psd|svgz?|tga|tiff?|webp|xcf|"
    "avi|flv|m4v|mkv|mov|mp4|mpe?g|webm|wmv|docx?|odt|pdf|pptx?|xlsx?"
)
_FILE = re.compile(rf"(.+)\.(?:{_EXTENSIONS})(?:[?#]\S*)?", re.IGNORECASE)
_ADDRESS = re.compile(
    r"""[a-z][a-z0-9+.-]*://\S+               # a URL of any scheme
      | www\.\S+\.\S+                         # one without it
      | data:[a-z]+/\S+
      | [\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S+    # host/path; a host alone may be a name, such as Booking.com
      | (?:~|\.{1,2})/\S+                     # ../path
      | /\S+/\S*                              # /path/of/a/file
      | [a-z]:\\\S+                           # C:\path
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CAMERA = re.compile(  # prefixes of camera makers (Design rule for Camera File system) and of phones
    r"""(?:_?(?:dsc[nfi]?|img[ap]?|cimg|mvi|pxl|dji|gopr)[\ _-]?\d{3}
        | (?:_mg|_igp|hpim|kic|pict|sam|sany|sdc|wp)_?\d{4}
        | p\d{7}
        )
        (?:[\d\ _.~()-]|copy|edited|hdr|wa(?=\d))*[a-z]?""",
    re.IGNORECASE | re.VERBOSE,
)
_REST = r"(?:[\d _.:,()-]|at|from|am|pm|copy|x)*"
_DATED = re.compile(  # Screenshot 2020-01-31 at 10.15.30, WhatsApp Image 2019-05-05 at 12.30.11 AM
    rf"(?:screen[ _-]?shots?|whatsapp[ _-](?:image|video)){_REST}", re.IGNORECASE
)
_NUMBERED = re.compile(  # image (3); without an extension such words may be a title: Photo 51, Untitled (7) 1970-71
    rf"(?:capture|clipboard|download|file|image|img|photo|pic|picture|scan|snapshot|unnamed|untitled){_REST}",
    re.IGNORECASE,
)
_MACHINE = re.compile(  # a hash, a UUID, a time stamp
    r"[0-9a-f]{32,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{8}[_-]\d{6}", re.IGNORECASE
)
_UNSPACED = re.compile(  # Thai, Lao, Burmese, Khmer, kana and Han, which are written without spaces
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_UNDERSCORE = re.compile(r"[^\W_]_+[^\W_]")
_HYPHEN = re.compile(r"(?<=[^\W_])[-+](?=[^\W_])")
_WORD = re.compile(r"[^\W\d_]{3,}")
_WORD_OR_NUMBER = re.compile(r"[^\W_]{3,}")
_MENTION = ("@", "#")
_MAX_CHARACTERS = 2048


def is_file_name(caption: str) -> bool:
    """Whether a canonical caption as a whole is a file name, a web address or a path.

    A single token is one if it
    - ends in the extension of an image, a video or a document;
    - is a URL, `host/path` or a path;
    - is a name that a camera, a phone or a program assigns (DSC00012, image001, Screenshot_20200131), a hash, a UUID
      or a time stamp;
    - is a stem of joined words: by an underscore or %20, by at least five hyphens, or three if it has a digit.
      Saint-Germain-en-Laye is not one, nor are @some_one and #some_tag.

    Several tokens are one only if they are an assigned name (IMG 1234, Screenshot 2020-01-31 at 10.15), or have an
    extension but no word ("12 (1).jpg"). In scripts without spaces only addresses are recognised. Captions of more than
    2,048 characters are never file names.
    """
    if len(caption) > _MAX_CHARACTERS:
        return False
    file = _FILE.fullmatch(caption)
    stem = file[1] if file else caption
    if " " in caption:
        return _is_assigned(stem) or (file is not None and _is_wordless(stem))
    if _ADDRESS.fullmatch(caption):
        return True
    if _UNSPACED.search(caption):
        return False
    return file is not None or _is_assigned(stem) or _has_number(_NUMBERED, stem) or _is_stem(caption)


def _is_assigned(stem: str) -> bool:
    """Whether a name is one that a camera, a phone or a program assigns."""
    return bool(_CAMERA.fullmatch(stem) or _MACHINE.fullmatch(stem)) or _has_number(_DATED, stem)


def _is_wordless(stem: str) -> bool:
    """Whether a file name's stem of several tokens holds no word, or only a generic one as in "Image 3"."""
    return _has_number(_NUMBERED, stem) or (stem.isascii() and not _WORD.search(stem))


def _has_number(pattern: re.Pattern[str], stem: str) -> bool:
    return pattern.fullmatch(stem) is not None and any(map(str.isdecimal, stem))


def _is_stem(token: str) -> bool:
    """Whether a token consists of words joined as in file names."""
    if token.startswith(_MENTION):
        return False
    if "%20" in token or (_UNDERSCORE.search(token) and _WORD_OR_NUMBER.search(token)):
        return True
    joints = len(_HYPHEN.findall(token))
    return joints >= (3 if any(map(str.isdecimal, token)) else 5) and len(_WORD.findall(token)) >= 2
