"""Groups of near-duplicates, against comparing each with each in plain Python."""

import random
from collections import defaultdict

import pytest
from near_images import Image, expected_groups, expected_links, flipped, frame_of, made_images, rows_of_groups
from saved import Saved

from jobs.images import near_hashes, near_looks
from jobs.images.looks import looks_of
from jobs.images.near_duplicates import grouped

NEAR, COLOUR = 16, 24


def rows_of(frame):
    rows = frame.collect()
    found = {row["uuid"]: (row["group"], row["duplicate_of"]) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture(scope="module")
def images():
    """Also a chain of 20 of which only neighbours are near, two images of equal bytes whose records differ in rotation,
    an image without colours, and images that are near nothing because they have no hash and no bytes."""
    rng, made = random.Random(2), made_images(1_000)
    chained = rng.randbytes(32)
    for number in range(20):
        chained = flipped(chained, 8, rng)
        made.append(Image(f"{rng.getrandbits(96):024x}", f"chain {number}", chained, bytes(32)))
    made += [Image(f"rotated {side}", "rotated", rng.randbytes(32), bytes(32)) for side in "ab"]
    first = next(image for image in made if image.phash)
    made += [Image("colourless", "colourless", first.phash, None)]
    made += [Image(f"unknown {number}", None, None, None) for number in range(2)]
    rng.shuffle(made)
    return made


@pytest.fixture(scope="module")
def links(images):
    return expected_links(images, NEAR, COLOUR)


def greedy_stars(images, links, max_group):
    """The groups after cutting components of more than `max_group` looks, and how many were cut."""
    look_of = {
        image.uuid: (image.phash, image.chroma) if image.phash else image.sha256 or image.uuid for image in images
    }
    members = defaultdict(list)
    for image in images:
        members[look_of[image.uuid]].append(image)
    neighbours = defaultdict(set)
    for a, b in links:
        for one, other in ((a, b), (b, a)):
            if look_of[one.uuid] != look_of[other.uuid]:
                neighbours[look_of[one.uuid]].add(look_of[other.uuid])
    rank = {look: (-len(group), min(image.uuid for image in group)) for look, group in members.items()}
    groups, seen, cut = defaultdict(list), set(), 0
    for look in sorted(members, key=rank.__getitem__):
        component, todo = set(), [look]
        while todo:
            if (at := todo.pop()) not in component:
                component.add(at)
                todo += neighbours[at]
        centres = []
        for at in sorted(component, key=rank.__getitem__):
            if len(component) <= max_group:
                centres = centres or [at]
                centre = centres[0]
            elif not (near := [centre for centre in centres if centre in neighbours[at]]):
                centres.append(at)
                centre = at
            else:
                centre = near[0]
            if at not in seen:
                groups[centre] += members[at]
        cut += len(component) > max_group and not component & seen
        seen |= component
    return rows_of_groups(groups), cut


def test_groups_are_those_of_brute_force(spark, images, links, tmp_path):
    result = grouped(frame_of(spark, images, 64), NEAR, COLOUR, 1_000, Saved(spark, tmp_path))
    assert rows_of(result.images) == expected_groups(images, links)
    assert result.cut == 0


@pytest.mark.processes
def test_large_groups_are_cut_to_stars(spark, images, links, tmp_path):
    expected, cut = greedy_stars(images, links, 12)
    uncut = expected_groups(images, links)
    assert expected != uncut
    result = grouped(frame_of(spark, images, 64), NEAR, COLOUR, 12, Saved(spark, tmp_path))
    assert rows_of(result.images) == expected
    assert result.cut == cut >= 1
    groups = {group for group, _ in expected.values()}
    assert len(groups & {group for group, _ in uncut.values()}) > 100


def test_equal_bytes_and_hashes_only_and_a_later_run_reads_what_is_saved(spark, images, tmp_path):
    expected = expected_groups(images, expected_links(images, 0, COLOUR))
    for partitions, written in ((7, {"looks", "links", "components", "round-01"}), (1, set())):
        saved = Saved(spark, tmp_path)
        result = grouped(frame_of(spark, images, partitions), 0, COLOUR, 1_000, saved)
        assert rows_of(result.images) == expected
        assert result.cut == 0
        assert {name for name in saved.written if name <= "round-01"} == written


def test_a_hash_with_many_colours(spark, monkeypatch):
    """Only the smallest look of a cell is compared, and only the smallest three of these."""
    monkeypatch.setattr(near_looks, "MANY_COLOURS", 3)
    rng = random.Random(3)
    phash = rng.randbytes(32)
    shades = [20, 21, 24, 26, 40, 51, 80, 100]  # 26 and 51 differ by 25
    images = [Image(f"shade {shade:03}", f"{shade}", phash, bytes([shade]) * 32) for shade in shades] + [
        Image("near", "near", flipped(phash, 3, rng), bytes([60]) * 32)
    ]
    links = near_looks.near_looks(looks_of(frame_of(spark, images)), NEAR, COLOUR)
    found = sorted((row["a"].removeprefix("shade "), row["b"].removeprefix("shade ")) for row in links.collect())
    # cells: 20 21 24, 26 40, 51, 80, 100; compared: 20, 26, 51, and the near hash
    in_cells, compared = [("020", "021"), ("020", "024"), ("026", "040")], [("020", "026")]
    assert found == sorted([*in_cells, *compared, ("near", "051")])


def test_a_band_that_too_many_hashes_have_finds_no_pairs(spark, monkeypatch, capsys):
    """Hashes with one band in common; two of them agree in others, too."""
    monkeypatch.setattr(near_hashes, "MOST_IN_BAND", 5)
    rng = random.Random(4)
    phashes = [bytes(8) + rng.randbytes(24) for _ in range(8)]
    twins = [phashes[0], flipped(phashes[0], 3, rng)]
    images = [Image(f"picture {at}", f"{at}", phash, bytes(32)) for at, phash in enumerate([*phashes[1:], *twins])]
    links = near_looks.near_looks(looks_of(frame_of(spark, images)), NEAR, COLOUR)
    assert {tuple(row) for row in links.collect()} == {("picture 7", "picture 8")}
    assert "bands of hashes are those of more than 5 different pictures" in capsys.readouterr().err
