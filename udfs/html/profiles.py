"""What extraction looks for on a page: where the URL of an image may stand, and its texts."""

from dataclasses import dataclass

TEXT_KEYS = ("alt", "title", "data-image-title", "figcaption", "aria-label")
"""Where a text of an image may stand, in the order in which its pairs are emitted. All are attributes of the `img`, but
`figcaption`: the caption of the `figure` whose only image it is."""

PAPER_TEXT_KEYS = ("alt", "title", "data-image-title")


@dataclass(frozen=True, slots=True)
class Profile:
    """Which texts to take (of `TEXT_KEYS`), and whether URLs count that stand elsewhere than in `src`."""

    text_keys: tuple[str, ...]
    beyond_src: bool

    @property
    def attribute_keys(self) -> tuple[str, ...]:
        """The texts that are attributes of the `img`."""
        return tuple([key for key in self.text_keys if key != "figcaption"])

    @property
    def looks_around(self) -> bool:
        """Whether more of the page matters than the `img` elements themselves."""
        return self.beyond_src or "figcaption" in self.text_keys


PAPER = Profile(PAPER_TEXT_KEYS, beyond_src=False)
RICH = Profile(TEXT_KEYS, beyond_src=True)
PROFILES = {"paper": PAPER, "rich": RICH}
