"""Texts as a model's token ids, with the package `tokenizers` (the extra `models`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from udfs.errors import UsageError
from udfs.models.text_settings import TextSettings

Ids = npt.NDArray[np.int64]


class Tokens(NamedTuple):
    """`ids` and `mask` are int64, (n, length). The mask is 0 where the model must not see the padding."""

    ids: Ids
    mask: Ids


class TextTokens:
    """Cuts texts into tokens, as long as the model's texts are."""

    def __init__(self, path: Path, settings: TextSettings) -> None:
        """Raises `UsageError` for a file that is no tokenizer, and where no token for padding is known."""
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the package raises plain exceptions
            raise UsageError(f"{path}: is no tokenizer: {str(error).splitlines()[0]}") from error
        self._sees_padding = settings.sees_padding
        pad_id, pad_token = self._padding(settings, path)
        self._tokenizer.enable_truncation(settings.length)
        self._tokenizer.enable_padding(pad_id=pad_id, pad_token=pad_token, length=settings.length)

    def _padding(self, settings: TextSettings, path: Path) -> tuple[int, str]:
        if settings.pad_token is not None:
            pad_id = self._tokenizer.token_to_id(settings.pad_token)
            if pad_id is not None:
                return pad_id, settings.pad_token
        if own := self._tokenizer.padding:
            return own["pad_id"], own["pad_token"]
        if settings.pad_id is not None and (token := self._tokenizer.id_to_token(settings.pad_id)) is not None:
            return settings.pad_id, token
        raise UsageError(f"{path}: names no token for padding: add pad_token to tokenizer_config.json")

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """The tokens of texts. A text that is too long loses its end, but keeps the token that ends it."""
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([each.ids for each in encoded], np.int64)
        if self._sees_padding:
            return Tokens(ids, np.ones_like(ids))
        return Tokens(ids, np.array([each.attention_mask for each in encoded], np.int64))
