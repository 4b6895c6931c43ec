"""The compiled skeleton against the whole page, both parsed by turbohtml: the same document, whatever the page."""

import re
import shutil
import subprocess
import sys
import sysconfig
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from cpu_time import at_most
from html_pages import HIDDEN, IMG_TAGS, RICH_PAGES, SHOWN, SOUP, TAGS, tree_cases
from hypothesis import given, settings
from hypothesis import strategies as st
from random_pages import differs, random_page

from udfs.html import parsers
from udfs.html.document import Document
from udfs.html.parsers import parse_with_turbohtml
from udfs.html.profiles import PAPER, RICH, Profile
from udfs.html.skeleton import skeleton as compiled
from udfs.opt_outs import META_WORDS
from udfs.sample.web import make_page

pytestmark = pytest.mark.skipif(compiled is None, reason="the skeleton is not compiled: no C compiler when installed")

IMG = SHOWN.encode()


def skeleton(page: bytes, *, with_whole: bool = False) -> bytes | None:
    assert compiled is not None
    return compiled(page, with_whole)


def whole_page(page: str, profile: Profile) -> Document:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsers, "skeleton", None)
        return parse_with_turbohtml(page, profile)


def check_equal(page: str, profile: Profile = PAPER) -> None:
    assert parse_with_turbohtml(page, profile) == whole_page(page, profile), page


KEPT = {
    "nothing": (b"", b""),
    "shorter than a tag": (b"<", b""),
    "no image": (b"<p><b>text</b><script>x</script>", b""),
    "an image": (b"<p>" + IMG + b"</p>", IMG),
    "base and template": (b"<base href=/><p><template><p>" + IMG, b"<base href=/><template>" + IMG),
    "metas that may opt out": (
        b"<meta charset=x><META content=NOAI><meta name=&#116;dm>" + IMG,
        b"<META content=NOAI><meta name=&#116;dm>" + IMG,
    ),
    "base without an image": (b"<base href=/>", b""),
    "what needs a tree after the last image": (IMG + b"<plaintext>", IMG),
    "in a value": (b"<a title='" + IMG + b"'>" + IMG, IMG),
    "in a value that holds >": (b"<a title='> " + IMG + b"'>", b""),
    "in a tag, after a value that holds >": (b"<a title='> ' " + IMG, b""),
    "after an apostrophe": (b"<p>it's</p> " + IMG, IMG),
    "after an empty value": (b"<a title=''>" + IMG, IMG),
    "after a value that ends in =": (b"<a href='data:;base64,Aw=='>" + IMG, IMG),
    "after a lone <": (b"<p>a < b " + IMG, IMG),
    "bogus comments": (b"<? " + IMG + b"<! " + IMG + b"</ " + IMG + IMG, IMG),
    "attributes of an end tag": (b"<script>x</script title='" + IMG + b"'>" + IMG, IMG),
    "plain text in svg's title": (b"<svg><title>a</title></svg>" + IMG, IMG),
    "svg that was closed": (b"<svg><path/></svg><script>'<p>'</script>" + IMG, IMG),
    "script in a script's comment": (b"<script><!-- <script> </script>" + IMG, b""),
    "math that holds only text": (b"<math>1</math><script>'<p>'</script>" + IMG, IMG),
    "comment of a script that ended": (b"<script><!-- --> '<script>'</script>" + IMG, IMG),
}
NEED_TREE = {
    "markup in svg's style": b"<svg><style><p></style>" + IMG,
    "CDATA in svg": b"<svg><![CDATA[" + IMG,
    "image in svg": b"<svg><image href=x>" + IMG,
    "several bases": b"<base target=x><base href=/>" + IMG,
    "markup in what may be math": b"<math><mi></math><script>'<p>'</script>" + IMG,
    "frameset": b"<frameset>" + IMG,
    "plaintext": b"<plaintext>" + IMG,
    "markup after HTML in svg": b"<svg><foreignObject></svg><script>'<p>'</script>" + IMG,
    "markup in svg's desc": b"<svg><desc><p></svg><style><p></style>" + IMG,
    "template after svg": b"<svg><template>" + IMG,
}

CAPTIONED = b"<figure>" + IMG + b"<p>a</p><figcaption>words</figcaption></figure>"
KEPT_WHOLE = {
    "figure with a caption": (b"<div>" + CAPTIONED + b"</div>", CAPTIONED),
    "figure without": (b"<figure>" + IMG + b"text</figure>", IMG),
    "figure before a caption": (b"<figure>" + IMG + b"</figure>" + CAPTIONED, IMG + CAPTIONED),
    "figures in a figure": (b"<figure>" + CAPTIONED * 2 + b"</figure>" + IMG,) * 2,
    "raw text and drawings": (CAPTIONED[:-9] + b"<script>'</figure>'</script><svg><path/></svg></figure>",) * 2,
    "picture": (
        b"<p><picture><source srcset=a>" + IMG + b"</picture>",
        b"<picture><source srcset=a>" + IMG + b"</picture>",
    ),
    "picture without an image": (b"<picture><source></picture>" + IMG, IMG),
    "noscript": (
        b"<div><noscript><p>" + IMG + b"</p></noscript></div>",
        b"<noscript><p>" + IMG + b"</p></noscript>",
    ),
    "noscript in the head": (b"<head><noscript>" + IMG + b"</noscript></head><body>" + IMG, IMG * 2),
    "noscript without an image": (b"<noscript><iframe src=x></iframe></noscript>" + IMG, IMG),
}
NEED_TREE_FOR_WHOLE = {
    "stray end tag": b"<div><figure></div>" + IMG + b"<figcaption></figure>",
    "cell in a figure": b"<figure><td>" + IMG + b"<figcaption></figure>",
    "end tag across": b"<figure><div>" + IMG + b"<figcaption></div></figure>",
    "never closed": b"<picture>" + IMG,
    "block in noscript": b"<div><noscript><p>" + IMG + b"</noscript>",
    "block in a noscript in a p": b"<p><noscript><div>" + IMG + b"</div></noscript>",
    "block where a p may be open": b"<p><object></p></object><noscript><hr>" + IMG + b"</noscript>",
    "end tag across a picture": b"<span><picture></span>" + IMG + b"</picture>",
    "link in a picture in a link": b"<a><picture><a>" + IMG + b"</a></picture>",
    "button in a button": b"<BUTTON><figure><button>" + IMG + b"</button><figcaption></figure>",
    "figure in svg": b"<svg>" + CAPTIONED,
}


FIGURE = "<img src=q alt=z><figcaption>c</figcaption></figure>"
DRAWN = "<svg><path d=x /></svg>"
PIXEL = "<noscript><img src=p alt=x></noscript>"
TWIN = "<noscript><div><img src=b alt=x></div></noscript><img src=b alt=x>"
PICTURE = "<picture><source srcset=s.jpg>{}<img alt=x></picture><figcaption>c</figcaption></figure>"
DIRECTED = [
    # raw text that the tree ignores
    *("<template><col><script></template><img src=a></script>", "<template><col><title></template><img src=a></title>"),
    # formatting elements and links that act across the borders of what is kept
    "<figure><b><img src=a><figcaption></figcaption></figure></b>" * 3,
    "<figure><font color=1><img src=a><figcaption>d</figcaption></figure></font>" * 600 + "<figure>" + FIGURE,
    f"<figure><a><img src=b><figcaption>d</figcaption></figure></a><figure>{DRAWN}{FIGURE}",
    "<noscript><b id=I><img src=a></noscript></b><img src=b>",
    *(f"{before}<figure>{DRAWN}{FIGURE}" for before in ("<p><a href=x>text</p>", "<p><a>text<p>", "<li><a>text<li>")),
    f"<a href=x><figure>{DRAWN}</a>{FIGURE}",
    f"<table><td><a></td><td><figure>{DRAWN}{FIGURE}",
    *(f"{before}<figure>{PICTURE.format('</b>')}" for before in ("<b>", "<p><b>x</p>")),
    *(f"<{name}><figure>{PICTURE.format(f'<{name}></{name}>')}" for name in ("a", "nobr")),
    # noscript in the head and in the body
    *(
        f"<head><noscript>{inside}</noscript>{PIXEL}</head><body><img src=p alt=x>"
        for inside in ("<iframe></iframe>", "x")
    ),
    f"<head><noscript><img src=r></noscript>{PIXEL}</head><body><img src=p alt=x>",
    f"<head><script>'<body>'</script>{PIXEL}</head><body><img src=p alt=x>",
    f"<head><!--[if IE]><body class=ie><![endif]-->{PIXEL}</head><body><img src=p alt=x>",
    *(f"<p><img src=p alt=x>{PIXEL}{after}" for after in ("</head>", "<body>")),
    *(
        f"{before}{PIXEL}<img src=p alt=x>"
        for before in (
            *(
                "",
                "text",
                "<head> ",
                "<head></head>",
                "<head> < ",
                "<head></br>",
                "<head></p>",
                "<html></html>",
                "<head>\0",
            ),
            *("<head>&nbsp;", "<head><svg>", "<head><noscript></head>", "<head><template></template>x"),
            "<head><title>x</title><noscript><link><style>a</style></noscript><template><div>x</div></template>",
        )
    ),
    # what shields an open element from its end tag
    *(f"<p><select>{inside}</select>{TWIN}" for inside in ("<div></div>", "</p>")),
    *(
        f"<button><{shield}></button></{shield}><figure><button></button>{FIGURE}"
        for shield in ("object", "table><td", "select", "template")
    ),
    *(f"{before}{TWIN}" for before in ("<p>", "<p></p>", "<p><table></p></table>", "<p><div></div>")),
    # a block in a paragraph, and a heading around it
    f"<h1><figure><h1><p><h2></h2></p></h1>{FIGURE}",
    "<h1><noscript><h1><p><h2></h2></p></h1><img src=b alt=x></noscript><img src=b alt=x>",
    "<h1><figure><img src=q><figcaption><h1><p><h2>x</h2></p></h1>c</figcaption></figure>",
    "<path><picture><svg/></path></svg><source srcset=s.jpg><img alt=x></picture>",
    # metas
    *(
        f"<meta name=robots content='{content}'><img src=a>"
        for content in ("noa&imath;", "no\u0130ndex", "noa\u0131", "&#110;oai", "NOINDEX", "all")
    ),
]


@pytest.mark.parametrize("page", DIRECTED)
def test_what_a_tree_does_in_rare_places(page: str) -> None:
    for each in (page, "<body>" + page):
        check_equal(each)
        check_equal(each, RICH)


@pytest.mark.parametrize("word", META_WORDS)
def test_metas_with_each_word_that_opts_out_are_kept(word: str) -> None:
    page = f"<meta name=x content='a, {word.upper()}'>".encode() + IMG
    assert skeleton(page) == b"<body>" + page


@pytest.mark.parametrize("name", KEPT_WHOLE)
def test_kept_whole(name: str) -> None:
    page, expected = KEPT_WHOLE[name]
    assert skeleton(page, with_whole=True) == b"<body>" + expected
    check_equal("<body>" + page.decode(), RICH)


@pytest.mark.parametrize("name", NEED_TREE_FOR_WHOLE)
def test_whole_elements_that_need_a_tree(name: str) -> None:
    assert skeleton(NEED_TREE_FOR_WHOLE[name], with_whole=True) is None
    assert skeleton(NEED_TREE_FOR_WHOLE[name]) is not None


@pytest.mark.parametrize("name", KEPT)
def test_kept(name: str) -> None:
    page, expected = KEPT[name]
    assert skeleton(page) == (expected and b"<body>" + expected)
    check_equal(page.decode())


@pytest.mark.parametrize("name", NEED_TREE)
def test_needs_a_tree(name: str) -> None:
    assert skeleton(NEED_TREE[name]) is None


# quotes, brackets and ends of raw text in the most difficult positions
SNARES = st.sampled_from(
    (
        *(
            "<!--",
            "-->",
            "--!>",
            "<!---->",
            "<!-->",
            "<!--->",
            "<![CDATA[",
            "]]>",
            "<!doctype html>",
            "<?pi?>",
            "</",
            "<",
        ),
        *('"', "'", "=", '="', "='", ">", '">', "'>", "/>", " ", "\n", "\0", "text", "&lt;", '<a =">', '<a x= "'),
        *('<a title="', "<a title='", "<p class=x", '<a href="x>y" ', '<a b=c"d>', "<svg/>", "<svg a=b/>", "<title/>"),
        *(
            "<script><!--<script>",
            "</script",
            "</script >",
            "<scripty>",
            "</scripty>",
            "</textarea x='>' >",
            "<SCRIPT>",
        ),
        *("<base href=/b/>", "<base>", '<!DOCTYPE html PUBLIC "-//W3C', "<img", '<img src=q alt="a>b" ', "</SCRIPT\t>"),
        *("<template>", "</template>", "<select>", "</select>", "<svg>", "</svg>", f"<a title='{HIDDEN}'>"),
    )
)


@pytest.mark.parametrize("seed", range(4))
def test_random_pages(seed: int) -> None:
    random = Random(seed)
    assert [page for page in (random_page(random) for _ in range(2_500)) if differs(page)] == []


@settings(max_examples=settings.default.max_examples * 5)
@given(st.lists(IMG_TAGS | SNARES | SNARES | TAGS, max_size=20).map("".join))
def test_tag_soup(page: str) -> None:
    check_equal(page)


@settings(max_examples=settings.default.max_examples * 5)
@given(st.lists(RICH_PAGES | SOUP, max_size=3).map("".join))
def test_surroundings_of_images(page: str) -> None:
    check_equal(page, RICH)


@settings(max_examples=settings.default.max_examples * 3)
@given(st.integers(0, 400), st.lists(st.tuples(st.floats(0, 1), SNARES), max_size=4))
def test_pages_with_inserted_snares(index: int, snares: list[tuple[float, str]]) -> None:
    html = make_page(index, seed=3).body.decode("utf-8", "replace")
    for where, snare in snares:
        place = int(where * len(html))
        html = html[:place] + snare + html[place:]
    check_equal(html)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for page in (data, IMG + data + IMG):
        check_equal(page.decode("latin-1"))
        check_equal(page.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    "part", [b"<!--", b"<script>", b"</script", b"<a title='<img ", b"<img alt='", b"<svg>", b"<b '", b"<a ="]
)
def test_time_grows_with_the_page(part: bytes) -> None:
    """A megabyte of unclosed tags is fast; a new scan for each tag would take minutes."""
    with at_most(50):
        skeleton(part * (1_000_000 // len(part)) + IMG)


@pytest.mark.parametrize(
    ("part", "rest"),
    [
        (b"<figure>", b"</figure>" * 100_000 + b"<figcaption>"),
        (b"<figure></figure>", b"<figcaption>"),
        (b"<picture>", b"</picture>"),
        (b"<picture></picture>", b""),
        (b"<noscript><b></noscript>", b""),
        (b"<figure><button></button>", b"<figcaption>"),
        (b"<picture><!--", b"--></picture>"),
        (b"<figure><BUTTON></BUTTON><figcaption></figure>", b""),
    ],
)
def test_time_grows_with_the_page_for_whole_elements(part: bytes, rest: bytes) -> None:
    with at_most(50):
        skeleton(part * 100_000 + rest + IMG, with_whole=True)


def test_reads_only_the_page(tmp_path: Path) -> None:
    """Random pages, and pages cut anywhere, by a build that stops at each wrong access to memory."""
    compiler = shutil.which("gcc")
    library = compiler and subprocess.run([compiler, "-print-file-name=libasan.so"], capture_output=True, text=True)
    if not library or not Path(library.stdout.strip()).is_absolute():
        pytest.skip("no gcc with AddressSanitizer")
    source = Path(parsers.__file__).with_name("skeleton.c")
    options = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-shared", "-fPIC"]
    built = tmp_path / f"_ballast_skeleton{sysconfig.get_config_var('EXT_SUFFIX')}"
    include = sysconfig.get_path("include")
    subprocess.run([compiler, *options, '-DSOURCE_HASH=""', f"-I{include}", str(source), "-o", str(built)], check=True)
    environment = {
        "LD_PRELOAD": library.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python leaves much behind
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(tmp_path),
    }
    script = Path(__file__).with_name("random_pages.py")
    done = subprocess.run(
        [sys.executable, str(script), "20000", "--memory"], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, f"{built}\n"), done.stderr


def test_a_skeleton_of_another_source_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    import _ballast_skeleton

    from udfs.html.skeleton import _compiled

    source = Path(parsers.__file__).with_name("skeleton.c").read_bytes()
    assert sha256(source).hexdigest() == _ballast_skeleton.SOURCE
    monkeypatch.setattr(_ballast_skeleton, "SOURCE", sha256(source + b" ").hexdigest())
    assert _compiled() is None


def test_html5lib_tests_with_an_inserted_image(shared_data: Path) -> None:
    """Uses ../shared/data. An image after each of the last four tags of every input."""
    for html, _, _ in tree_cases(shared_data):
        cuts = [match.end() for match in re.finditer(">", html)][-4:]
        for cut in {*cuts, len(html)}:
            check_equal(html[:cut] + SHOWN + html[cut:])


def test_real_pages(shared_data: Path) -> None:
    """Uses ../shared/data. Few pages need their tree."""
    from fastwarc import ArchiveIterator, WarcRecordType

    pages = whole = whole_for_rich = 0
    for file in sorted((shared_data / "warc").glob("*.warc.gz")):
        with file.open("rb") as source:
            try:
                for record in ArchiveIterator(source, record_types=WarcRecordType.response, parse_http=True):
                    html = record.reader.read()
                    pages += 1
                    whole += skeleton(html) is None
                    check_equal(html.decode("utf-8", "replace"))
                    whole_for_rich += skeleton(html, with_whole=True) is None
                    check_equal(html.decode("utf-8", "replace"), RICH)
            except OSError:  # damaged on purpose
                continue
    assert pages > 150
    assert whole <= whole_for_rich < 0.1 * pages
