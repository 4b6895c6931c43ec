"""The facts of the stages that follow a download (see `stages`)."""

from typing import Annotated

from msgspec import Meta

from udfs.stages import InputFacts, Stage, StageFacts


class ReadFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.READ
    batches: Annotated[int, Meta(description="committed batches of files of the download")]


class DownloadsFacts(InputFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.DOWNLOADS
    samples: Annotated[int, Meta(description="samples found in them")]
    traits: Annotated[
        dict[str, int],
        Meta(description="how many of the images are `animated`, `rotated` and so on; one without is left out"),
    ]


class EvaluationFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.EVALUATION
    sets: Annotated[int, Meta(description="sets of --not-in")]
    pictures: Annotated[int, Meta(description="their pictures that could be hashed")]
    not_hashed: Annotated[int, Meta(description="their pictures that could not be read")]


class CheckedFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.CHECKED
    samples: Annotated[int, Meta(description="samples found, whatever became of them")]
    outcomes: Annotated[dict[str, int], Meta(description="samples by `status`; they add up to `samples`")]
    groups: Annotated[int, Meta(description="groups of near-duplicates")]
    cut_groups: Annotated[int, Meta(description="groups that were cut, as they had more pictures than --max-group")]
    duplicates: Annotated[int, Meta(description="images that are a near-duplicate of another, which is kept")]
    in_evaluation: Annotated[
        int | None, Meta(description="images that are near-duplicates of a picture of --not-in")
    ] = None
    in_evaluation_kept: Annotated[
        int | None, Meta(description="those among them that are no near-duplicate of another image that is kept")
    ] = None


class EmbeddingsFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.EMBEDDINGS
    images: Annotated[int, Meta(description="images that were embedded")]
    unreadable: Annotated[int, Meta(description="checked images that could not be read again")]
    dimensions: Annotated[int, Meta(description="numbers in an embedding")]


class TextsFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.TEXTS
    texts: Annotated[int, Meta(description="distinct captions that were embedded")]


class ScoresFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.SCORES
    rows: Annotated[int, Meta(description="images or pairs with a score")]
    without_image: Annotated[int | None, Meta(description="further pairs of --pairs, whose image has no embedding")] = (
        None
    )
    histogram: Annotated[
        dict[str, int] | None,
        Meta(description="pairs by `clip_score`, in bins of 0.05: the key is the smallest score of a bin"),
    ] = None


class LabelsFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.LABELS
    images: Annotated[int, Meta(description="images that were labelled")]
    labels: Annotated[dict[str, int], Meta(description="how many of them have each label")]
    right: Annotated[int | None, Meta(description="images whose label is that of --truth")] = None
    confusion: Annotated[
        dict[str, dict[str, int]] | None, Meta(description="images by their label in --truth, then by their label")
    ] = None


class ClustersFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.CLUSTERS
    images: Annotated[int, Meta(description="images in the clusters")]
    clusters: Annotated[int, Meta(description="clusters that hold images")]
    largest: Annotated[int, Meta(description="images in the largest cluster")]
    smallest: Annotated[int, Meta(description="images in the smallest of them")]


class ClusterEntriesFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.CLUSTER_ENTRIES
    images: Annotated[int, Meta(description="images of the clusters that have a pair in --pairs")]
    entries: Annotated[int, Meta(description="rows")]
    largest: Annotated[dict[str, list[str]], Meta(description="of the largest clusters, their first entries")]


class ShardsFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.SHARDS
    tars: Annotated[int, Meta(description="tars, without those of --split")]
    samples: Annotated[int, Meta(description="samples in them")]
    apart: Annotated[str | None, Meta(description="the folder of the images that --split sets apart")] = None
    tars_apart: Annotated[int | None, Meta(description="tars in it")] = None
    samples_apart: Annotated[int | None, Meta(description="samples in these")] = None
    pairs: Annotated[int, Meta(description="pairs of the subset in all tars")]
    bytes: Annotated[int, Meta(description="the size of all tars")]
    encoded_again: Annotated[int, Meta(description="samples whose image was encoded again")]


class LeftOutFacts(StageFacts, frozen=True, kw_only=True, omit_defaults=True):
    stage = Stage.LEFT_OUT
    pairs: Annotated[int, Meta(description="pairs of the subset without an image")]
    reasons: Annotated[dict[str, int], Meta(description="these by the `status` of their image, or `not_downloaded`")]
