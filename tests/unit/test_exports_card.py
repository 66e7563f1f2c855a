"""The dataset card is read by the Hub's own library; weights are as trl's guide asks for them."""

from dataclasses import replace

import pytest
from huggingface_hub import DatasetCard

from core.exports.card import card
from core.exports.manifest import File, Manifest, weights
from core.exports.options import Format, Kind, Options

TRAIN = File("data/train-00000-of-00001.jsonl", "train", 900, 600, 300, 1, "0")
TEST = replace(TRAIN, path="data/test-00000-of-00001.jsonl", split="test", rows=100, liked=60, disliked=40)


def made(*files: File, kind: Kind = Kind.KTO, form: Format = Format.JSONL) -> Manifest:
    return Manifest(Options(kind, form), 10, "0-0-0", 1_200, {"undecided": 199}, 1, files)


def test_the_hub_reads_the_card():
    read = DatasetCard(card(made(TRAIN, TEST)), ignore_metadata_errors=False)

    assert read.data.to_dict()["size_categories"] == ["1K<n<10K"]
    [config] = read.data.to_dict()["configs"]
    assert config["data_files"] == [
        {"split": "train", "path": "data/train-*.jsonl"},
        {"split": "test", "path": "data/test-*.jsonl"},
    ]


@pytest.mark.parametrize("kind", list(Kind))
def test_an_empty_export_has_a_card_too(kind):
    read = DatasetCard(card(made(kind=kind, form=Format.PARQUET)), ignore_metadata_errors=False)

    assert "configs" not in read.data.to_dict()
    assert "199: the votes do not decide it" in read.text


@pytest.mark.parametrize(
    ("liked", "disliked", "desirable", "undesirable"), [(600, 300, 1, 2), (100, 250, 2.5, 1), (5, 5, 1, 1)]
)
def test_the_rarer_label_weighs_more(liked, disliked, desirable, undesirable):
    found = weights(rows=liked + disliked, liked=liked, disliked=disliked)

    assert found == {"desirable_weight": desirable, "undesirable_weight": undesirable}


def test_there_are_no_weights_where_one_label_is_missing():
    assert weights(rows=5, liked=5, disliked=0) is None
