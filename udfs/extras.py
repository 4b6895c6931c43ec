"""The packages that only some commands and settings need: the extras of setup.py, which an installation may lack."""

from importlib import import_module
from typing import NamedTuple

from udfs.errors import UsageError


class Extra(NamedTuple):
    """The name of an extra, the packages it installs, the modules that these contain, and who needs them."""

    name: str
    packages: tuple[str, ...]
    modules: tuple[str, ...]
    needed_by: str


EXTRAS = (
    Extra("aws", ("boto3",), ("boto3", "botocore"), "s3:// addresses and EMR"),
    Extra("beautifulsoup", ("beautifulsoup4", "html5lib"), ("bs4", "html5lib"), "--html-parser beautifulsoup"),
    Extra("hdfs", ("hdfs-native",), ("hdfs_native",), "reading archives from hdfs://"),
    Extra("langdetect", ("langdetect",), ("langdetect",), "--language-detector langdetect"),
    Extra(
        "models",
        ("faiss-cpu", "onnxruntime", "tokenizers"),
        ("faiss", "onnxruntime", "tokenizers"),
        "models and searching embeddings",
    ),
    Extra("segmenters", ("icukit-pyicu",), ("icu",), "cutting text without spaces into words (--segmenter icu)"),
    Extra("torch", ("safetensors", "torch", "transformers"), ("torch", "transformers"), "models without ONNX files"),
    Extra(
        "wikipedia", ("defusedxml", "wikitextparser"), ("defusedxml", "wikitextparser"), "counting Wikipedia's words"
    ),
)


def require(module: str) -> None:
    """Import a module of an extra, so that a missing one is an error here and not later in a worker.

    Raises `ModuleNotFoundError`, of which `missing_extra` makes the user's message.
    """
    import_module(module)


def missing_extra(error: ModuleNotFoundError) -> UsageError | None:
    """The message for a missing module of an extra, None for any other module."""
    module = (error.name or "").partition(".")[0]
    extra = next((extra for extra in EXTRAS if module in extra.modules), None)
    if extra is None:
        return None
    return UsageError(
        f"the package for {extra.needed_by} is not installed: run pip install {' '.join(extra.packages)} "
        f"(the extra {extra.name})"
    )
