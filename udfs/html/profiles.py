"""What extraction looks for on a page: which URLs of an image, and which texts."""

from dataclasses import dataclass

TEXT_KEYS = ("alt", "title", "data-image-title", "figcaption", "aria-label")
"""The sources of an image's texts, in the order of their pairs. All are attributes of the `img`, except `figcaption`:
the caption of a `figure` that contains only this image."""

PAPER_TEXT_KEYS = ("alt", "title", "data-image-title")


@dataclass(frozen=True, slots=True)
class Profile:
    """Which texts to take (of `TEXT_KEYS`), and whether to use URLs beyond `src`."""

    text_keys: tuple[str, ...]
    beyond_src: bool

    @property
    def attribute_keys(self) -> tuple[str, ...]:
        """The text keys that are attributes of the `img`."""
        return tuple([key for key in self.text_keys if key != "figcaption"])

    @property
    def looks_around(self) -> bool:
        """Whether extraction needs more of the page than its `img` elements."""
        return self.beyond_src or "figcaption" in self.text_keys


PAPER = Profile(PAPER_TEXT_KEYS, beyond_src=False)
RICH = Profile(TEXT_KEYS, beyond_src=True)
PROFILES = {"paper": PAPER, "rich": RICH}
