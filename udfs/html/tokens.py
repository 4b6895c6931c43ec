"""Tokens of an HTML page: tags and comments, by the tokenizer of the HTML standard (section 13.2.5)."""

import re

_SPACE = rb"[\t\n\f\r ]"
_VALUE = rb"\"[^\"]*+\"|'[^']*+'|[^\t\n\f\r >\"'][^\t\n\f\r >]*+|(?=>)"
_REST_OF_TAG = (
    rb"(?:[\t\n\f\r /]++|[^\t\n\f\r />][^\t\n\f\r />=]*+"
    rb"(?:%(space)b*+=%(space)b*+(?:%(value)b)|(?!%(space)b*+=)))*+>" % {b"space": _SPACE, b"value": _VALUE}
)
_NAME = rb"/?[a-zA-Z][^\t\n\f\r />]*+"
start_or_end_tag = re.compile(rb"<(%b)%b" % (_NAME, _REST_OF_TAG)).match
end_tag_name = re.compile(rb"</([a-zA-Z]++)(?=[\t\n\f\r />])").match
bogus_comment = re.compile(rb"<(?:[!?]|/(?![a-zA-Z]))[^>]*+>").match
tokens = re.compile(
    rb"(?:[^<]++|<(?![a-zA-Z/!?])|<%b%b|<(?:[!?]|/(?![a-zA-Z]))[^>]*+>)*+" % (_NAME, _REST_OF_TAG)
).match


def after_comment(html: bytes, place: int) -> int:
    """The end of the comment that starts at `place`; `<!-->` and `<!--->` are complete comments."""
    end = html.find(b"-->", place + 2)
    odd_end = html.find(b"--!>", place + 4, end if end >= 0 else len(html))
    if odd_end >= 0:
        return odd_end + 4
    return end + 3 if end >= 0 else len(html)
