"""Drawn pictures of coloured shapes with captions: what the tiny CLIP of the tests was trained on."""

import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw

TINYCLIP = Path(__file__).resolve().parent / "data" / "tinyclip"
"""A model of 0.6 million parameters (tests/benchmarks/train_tinyclip.py makes it)."""

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 160, 60),
    "blue": (40, 70, 220),
    "yellow": (235, 215, 40),
    "purple": (140, 50, 170),
    "orange": (245, 140, 30),
    "black": (20, 20, 20),
    "pink": (245, 150, 190),
}
FORMS = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "diamond")
SIZES = {"small": 0.22, "large": 0.42}
PLACES = {"left": (0.3, 0.5), "right": (0.7, 0.5), "top": (0.5, 0.3), "bottom": (0.5, 0.7), "middle": (0.5, 0.5)}
GROUNDS = {"white": (255, 255, 255), "grey": (150, 150, 150), "sky blue": (170, 215, 240), "beige": (240, 228, 200)}
TEMPLATES = (
    "a {size} {colour} {form} at the {place} on {ground}",
    "{colour} {form}, {size}, {place}, {ground} background",
    "a photo of a {size} {colour} {form} on a {ground} background",
    "a {colour} {form}",
)

Point = tuple[float, float]


class Shape(NamedTuple):
    """What a picture shows."""

    colour: str
    form: str
    size: str
    place: str
    ground: str

    def caption(self, template: str = TEMPLATES[0]) -> str:
        return template.format(**self._asdict())


def random_shape(rng: Random) -> Shape:
    return Shape(*(rng.choice(list(choices)) for choices in (COLOURS, FORMS, SIZES, PLACES, GROUNDS)))


def random_caption(rng: Random, shape: Shape) -> str:
    return shape.caption(rng.choice(TEMPLATES))


def draw(rng: Random, shape: Shape, side: int = 64) -> Image.Image:
    """An RGB picture; size, place, angle and colour vary a little."""
    large = 2 * side
    picture = Image.new("RGB", (large, large), GROUNDS[shape.ground])
    pen = ImageDraw.Draw(picture)
    radius = SIZES[shape.size] * large / 2 * rng.uniform(0.85, 1.15)
    x, y = ((each + rng.uniform(-0.05, 0.05)) * large for each in PLACES[shape.place])
    colour = tuple(max(0, min(255, value + rng.randint(-18, 18))) for value in COLOURS[shape.colour])
    angle = rng.uniform(-0.2, 0.2)
    box = (x - radius, y - radius, x + radius, y + radius)
    if shape.form == "circle":
        pen.ellipse(box, fill=colour)
    elif shape.form == "ring":
        pen.ellipse(box, outline=colour, width=max(3, int(radius * 0.35)))
    else:
        sine, cosine = math.sin(angle), math.cos(angle)
        points = [(u * radius, v * radius) for u, v in OUTLINES[shape.form]()]
        pen.polygon([(x + u * cosine - v * sine, y + u * sine + v * cosine) for u, v in points], fill=colour)
    return picture.resize((side, side), Image.Resampling.BICUBIC)


def _star() -> list[Point]:
    turns = [(1.0 if i % 2 == 0 else 0.42, i * math.pi / 5) for i in range(10)]
    return [(radius * math.sin(turn), -radius * math.cos(turn)) for radius, turn in turns]


def _cross() -> list[Point]:
    quarter: list[Point] = [(-1 / 3, -1), (1 / 3, -1), (1 / 3, -1 / 3)]
    points = []
    for _ in range(4):
        points += quarter
        quarter = [(-v, u) for u, v in quarter]
    return points


def _heart() -> list[Point]:
    turns = [2 * math.pi * i / 39 for i in range(40)]
    height = [13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t) for t in turns]
    return [(16 * math.sin(t) ** 3 / 17, -each / 17) for t, each in zip(turns, height, strict=True)]


OUTLINES: dict[str, Callable[[], list[Point]]] = {
    "square": lambda: [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    "diamond": lambda: [(0, -1.2), (0.8, 0), (0, 1.2), (-0.8, 0)],
    "triangle": lambda: [(0, -1), (1, 0.8), (-1, 0.8)],
    "star": _star,
    "cross": _cross,
    "heart": _heart,
}
