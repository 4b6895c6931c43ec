"""How many tokens a model's texts have, and how short texts are filled."""

from typing import Any, NamedTuple

from udfs.errors import UsageError

_CONTEXT = {"clip": 77, "metaclip_2": 77, "siglip": 64}  # what config.json leaves out where it is the default
_SEES_PADDING = "siglip"  # trained on padded texts without a mask; its embedding is that of the last token
_MOST_TOKENS = 4096


class TextSettings(NamedTuple):
    """`length` is the number of tokens that each text is cut or padded to. `pad_token` and `pad_id` are what fills it,
    where the configuration names them. `sees_padding` says that a mask must not hide the padding."""

    length: int
    pad_token: str | None
    pad_id: int | None
    sees_padding: bool


def read_text_settings(config: dict[str, Any], tokenizer_config: dict[str, Any], where: str) -> TextSettings:
    """The settings from a model's `config.json` and `tokenizer_config.json`. Raises `UsageError`, which begins with
    `where`, for a length that is no number of tokens."""
    model_type = config.get("model_type", "")
    text = config.get("text_config") or {}
    length = text.get("max_position_embeddings", _CONTEXT.get(model_type))
    if not isinstance(length, int) or not 0 < length <= _MOST_TOKENS:
        raise UsageError(f"{where}: config.json has max_position_embeddings {length!r}: expected 1 to {_MOST_TOKENS}")
    if model_type == "metaclip_2":
        length = min(length, _CONTEXT[model_type])
    pad = tokenizer_config.get("pad_token")
    pad = pad.get("content") if isinstance(pad, dict) else pad
    pad_id = text.get("pad_token_id", config.get("pad_token_id"))
    return TextSettings(length, pad, pad_id, model_type == _SEES_PADDING)
