"""Captions that are file names, addresses or paths, and captions that only look like it."""

import gzip
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.captions.canonical import canonical
from udfs.captions.file_names import is_file_name

FILE_NAMES = """
IMG_1234.jpg|img1234|IMG-20190505-WA0012|IMG 1234|IMG_1234 (1).JPG|IMG_1234 copy.jpg|DSC00012|DSC_0012|DSCN1234
_DSC0012|_MG_1234.CR2|P1010023|P1010023.JPG|PXL_20210101_123456789|MVI_0001.MOV|GOPR0001|DJI_0042.JPG|SAM_0123
screenshot-2020-01-01.png|Screenshot 2020-01-31 at 10.15.30|Screen Shot 2015-03-01 at 4.05.12 PM.png
WhatsApp Image 2019-05-05 at 12.30.11 AM|WhatsApp Image 2019-05-05 at 12.30.11.jpeg|image001|image001.png|image (3).png
Screenshot_20200131|Image 1.jpg|photo-1|Untitled-1|12 (1).jpg|2012 06 01.jpg|unnamed(2)|PICT0012|DSCF0001
sunset.JPEG|a.webp|logo.svg|republicavelha.pdf|cat.jpg?w=300|cat.gif#top|500px-Logo_Piazza_Blues_Festival.svg
https://example.org/a/b|HTTP://EXAMPLE.ORG|www.example.org|www.example.org/x|ftp://example.org/f|file:///C:/a
example.org/images/1|/wp-content/uploads/cat|./img/cat|../cat|//cdn.example.org/cat|~/Pictures/cat|C:\\Users\\me\\cat
data:image/gif;base64,R0lGOD
john_williams|Hong_Kong_at_night1|Curtains_ColorBlock_GY_Detail_03|Dalamatia%20City,%20the%20triangle%20City
paranoid-london-we-come-to-rock-paranoid-london-cover|iphone-5s-gold-space-gray-32gb|Elegant+Princess+Damask+1st+Party
d41d8cd98f00b204e9800998ecf8427e|550e8400-e29b-41d4-a716-446655440000|20190312_143522|20190312-143522
"""
TEXTS = """
a dog on the beach|Node.js|Booking.com|Amazon.co.uk|ASP.NET|W3.org|St. Louis|Mr. Smith|J.R.R. Tolkien|3.5|$4.99|1984
Photo 51|Image 1|Picture 12|Untitled (7) 1970-71|Untitled|image|photo|Screenshot|Sam 2010|Pict 1234|P 38
Osa, the Snow Leopard.jpg|Scorching June 14 for Alabama.jpg|File:Alice Liddell with sisters.jpg|2,660,260
Photo courtesy of Alibaba.com|see https://example.org/a|https://example.org/a for more
TV/DVD|and/or|1/2|24/7|N/A|AC/DC|w/o|km/h|/|//|T-shirt|X-ray|merry-go-round|mother-in-law|holiday-travel-tips
Saint-Germain-en-Laye|Saint-Remy-de-Provence|Stratford-upon-Avon|1-800-555-1234|978-0-13-468599-1|2020-01-31
Scan of a letter|12.12.1954|F-16|KM2|LT305/60R18E|3-in-1|9-5|^_^|T_T|_|-|+|@some_one|#some_tag|.jpg|IMG|DSC|IMG 12
DSC of a dog|東京タワーの夜景.jpg|产品_型号|กรุงเทพ_2020.jpg|C++|C#|:iconartisan-tutorials:|hashtag#
"""


@pytest.mark.parametrize("caption", FILE_NAMES.strip().replace("\n", "|").split("|"))
def test_file_names_addresses_and_paths(caption: str) -> None:
    assert is_file_name(caption)


@pytest.mark.parametrize("caption", TEXTS.strip().replace("\n", "|").split("|"))
def test_texts(caption: str) -> None:
    assert not is_file_name(caption)


@given(
    st.lists(st.text(ascii_lowercase, min_size=3, max_size=9), min_size=2, max_size=6), st.sampled_from(["", ".jpg"])
)
def test_spaced_words_are_text_whatever_their_ending(words: list[str], ending: str) -> None:
    given_names = {"screenshot", "capture", "clipboard", "download", "file", "image", "img", "photo", "pic", "picture"}
    given_names |= {"scan", "snapshot", "unnamed", "untitled"}
    if words[0] not in given_names:
        assert not is_file_name(" ".join(words) + ending)


@given(
    st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("IMG_1.jpg/\\%20-+() ")), max_size=60)
)
def test_no_text_of_several_words_is_a_file_name(text: str) -> None:
    """With any other characters around the words, and without a crash."""
    is_file_name(canonical(text))
    assert not is_file_name(canonical(f"a dog\n{text}\non the beach"))


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "a", "a.", "a.jpg?", "-a", "_", "a/", "/", "copy", "at", "(", "%20", "a.b-", "a_", "\\"]
)
def test_every_text_is_checked_fast(piece: str) -> None:
    """The patterns do not backtrack: with nested repeats and without the bound on length, these would take minutes."""
    for start in ("", "IMG_1", "screenshot", "www.", "http:", "/"):
        for length in (2_000, 60_000):
            is_file_name(start + piece * (length // len(piece)) + " !")
            is_file_name(start + piece * (length // len(piece)) + "!")


def test_no_title_of_an_art_collection_is_a_file_name(shared_data) -> None:
    with gzip.open(shared_data / "captions/derived__tate_title_thumbnail.tsv.gz", "rt", encoding="utf-8") as lines:
        titles = [canonical(line.split("\t")[2]) for line in lines]
    assert len(titles) > 69_000
    assert not list(filter(is_file_name, titles))
