"""mlcroissant, which we did not write, describes the simulated data set and reads it back: what comes of that."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mlcroissant", reason="mlcroissant brings rdflib and pandas; `tox -e real-mlcroissant` installs it")

from conformance.packs import load
from conformance.systems.documents import open_document

pytestmark = pytest.mark.filterwarnings("default")  # those of mlcroissant and rdflib are not ours to mend
PACK = load(Path(__file__).parents[2] / "standards/data/dataset-quality")
CARD = {"dataset": "d", "licence": "CC-BY-4.0", "version": "1.0.0", "published": "2027-01-05T09:00:00+08:00"}
COLUMNS = {"station": "sc:Text", "time": "sc:DateTime", "power": "sc:Float"}


@pytest.fixture(scope="module")
def record(beside: Callable[[str], None]) -> Any:
    beside("mlcroissant-metadata")
    import record as module

    return module


@pytest.fixture
def described(record: Any, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Write a file of two rows to `tmp_path`; returns the metadata that mlcroissant writes of it."""

    def described_(*stations: str, **card: str) -> dict[str, Any]:
        rows = {
            "station": stations or ("a", "b"),
            "time": np.array(["2026-01-01T00", "2026-01-01T01"], dtype="datetime64[s]"),
            "power": np.array([0.1, np.nan]),
        }
        record.croissant.write_csv(tmp_path / "data/d.csv", rows)
        return record.croissant.describe([tmp_path / "data/d.csv"], COLUMNS, card=CARD | card)

    return described_


@pytest.fixture
def theirs(record: Any, tmp_path: Path) -> Callable[[Any], dict[str, np.ndarray]]:
    """What mlcroissant reads by metadata, beside the file of `described`."""

    def theirs_(document: Any) -> dict[str, np.ndarray]:
        record.croissant.save(document, tmp_path / "croissant.json")
        return record.croissant.read(tmp_path / "croissant.json", "d", COLUMNS)

    return theirs_


def ours(document: Any, folder: Path, name: str = "croissant.json") -> list[str]:
    """Complaints of the pack's schema, each behind its place."""
    (folder / name).write_text(json.dumps(document, indent=1), encoding="utf-8")
    opened = open_document(name, PACK.documents["croissant"], folder=folder)
    return [complaint.en for complaint in opened.complaints]


def undone(outcomes: dict[str, Any], outcome: str) -> set[str]:
    return {name for name, found in outcomes.items() if found == outcome}


def test_all_values_come_back_as_they_were_written(record: Any, tmp_path: Path) -> None:
    recording = record.Recording(tmp_path)
    before = deepcopy(recording.made.samples)
    recording.deliver()
    recording.fetch()
    for station, rows in recording.made.samples.items():
        for name in record.COLUMNS:
            np.testing.assert_array_equal(rows[name], before[station][name])
            assert rows[name] is not before[station][name]


def test_the_data_set_that_mlcroissant_describes_conforms(judged: Callable[..., dict[str, Any]]) -> None:
    outcomes = judged("mlcroissant-daytime")
    assert set(outcomes.values()) == {"passed"}
    assert {"files-as-hashed", "columns-as-described", "one-card", "claimed-completeness"} <= set(outcomes)


def test_a_file_that_was_changed_since_is_refused_by_mlcroissant(
    described: Callable[..., dict[str, Any]], theirs: Callable[[Any], Any], tmp_path: Path
) -> None:
    document = described()
    (tmp_path / "data/d.csv").write_text("station,time,power\na,2026-01-01T00:00:00Z,0.2\n", encoding="utf-8")
    with pytest.raises(Exception, match="Download") as raised:
        theirs(document)
    assert "is not identical" in str(raised.value.__cause__)


def test_midnight_of_publication_becomes_a_day_without_zone_as_the_format_allows(
    described: Callable[..., dict[str, Any]], judged: Callable[..., dict[str, Any]]
) -> None:
    assert described(published="2027-01-05T00:00:00+08:00")["datePublished"] == "2027-01-05"
    assert described()["datePublished"] == CARD["published"]
    outcomes = judged("mlcroissant-metadata")
    assert set(outcomes.values()) == {"passed"}


def test_a_code_of_digits_comes_back_as_a_number_although_it_is_described_as_text(
    described: Callable[..., dict[str, Any]], theirs: Callable[[Any], dict[str, np.ndarray]]
) -> None:
    document = described("0042", "0043")
    assert document["recordSet"][0]["field"][0]["dataType"] == "sc:Text"
    assert theirs(document)["station"].tolist() == ["42", "43"]


def test_text_that_reads_like_nothing_comes_back_as_nothing(
    described: Callable[..., dict[str, Any]], theirs: Callable[[Any], dict[str, np.ndarray]]
) -> None:
    assert theirs(described("NA", "a"))["station"].tolist() == [None, "a"]


def test_the_pack_finds_the_station_that_lost_its_zeros(judged: Callable[..., dict[str, Any]]) -> None:
    outcomes = judged("mlcroissant-station-code")
    assert undone(outcomes, "failed") == {"accuracy", "claimed-accuracy", "audit-of-the-data", "calibrated"}
    assert outcomes["unit-of-the-station"] == "inconclusive"


def test_without_a_language_in_the_context_mlcroissant_ends_in_a_bare_key_error_and_the_pack_names_the_place(
    described: Callable[..., dict[str, Any]], theirs: Callable[[Any], Any], tmp_path: Path
) -> None:
    document = described()
    del document["@context"]["@language"]
    with pytest.raises(KeyError) as raised:
        theirs(document)
    assert raised.value.args == ("@language",)
    assert ours(document, tmp_path) == ["croissant.json: /@context lacks '@language'"]
    assert ours(document, tmp_path, "croissant.yaml") == ["croissant.yaml:2:14: /@context lacks '@language'"]


@pytest.mark.parametrize(
    ("change", "raised", "said", "place"),
    [
        ({"@context": "https://schema.org/"}, ValueError, r"Got: \{existing_context\}", "/@context is string"),
        ({"distribution": [{"@id": 5}]}, TypeError, "expected string", "/distribution/0/@id is number"),
    ],
    ids=["context-is-an-address", "number-as-id"],
)
def test_other_metadata_at_which_mlcroissant_ends_without_saying_where(
    described: Callable[..., dict[str, Any]], theirs: Callable[[Any], Any], tmp_path: Path, change: dict[str, Any],
    raised: type[Exception], said: str, place: str,
) -> None:  # fmt: skip
    document = described() | change
    with pytest.raises(raised, match=said):
        theirs(document)
    assert any(complaint.startswith(f"croissant.json: {place}") for complaint in ours(document, tmp_path))


def test_without_record_sets_in_the_context_mlcroissant_accepts_metadata_that_describe_none(
    described: Callable[..., dict[str, Any]], theirs: Callable[[Any], Any], tmp_path: Path
) -> None:
    document = described()
    del document["@context"]["recordSet"]
    with pytest.raises(ValueError, match="declares no record sets"):
        theirs(document)
    assert ours(document, tmp_path) == ["croissant.json: /@context lacks 'recordSet'"]


@pytest.mark.parametrize("key", ["dct", "fileObject", "source", "column"])
def test_a_context_that_our_schema_takes_and_mlcroissant_refuses(
    described: Callable[..., dict[str, Any]], theirs: Callable[[Any], Any], tmp_path: Path, key: str
) -> None:
    """What the schema of the pack does not see."""
    document = described()
    del document["@context"][key]
    with pytest.raises(Exception, match="error\\(s\\) during the validation"):
        theirs(document)
    assert ours(document, tmp_path) == []


def test_a_publication_without_date_is_refused_by_both(
    described: Callable[..., dict[str, Any]], theirs: Callable[[Any], Any], tmp_path: Path
) -> None:
    document = described() | {"datePublished": "January"}
    with pytest.raises(Exception, match="ISO 8601"):
        theirs(document)
    assert ours(document, tmp_path) != []


@pytest.mark.parametrize(
    "change",
    [
        {"license": ["CC-BY-4.0", "MIT"]},
        {"name": [{"@value": "d", "@language": "en"}, {"@value": "数据集", "@language": "zh"}]},
    ],
    ids=["two-licences", "name-in-two-languages"],
)
def test_metadata_that_mlcroissant_takes_and_our_schema_refuses(
    described: Callable[..., dict[str, Any]], theirs: Callable[[Any], Any], tmp_path: Path, change: dict[str, Any]
) -> None:
    """The schema of the pack is narrower than the format."""
    document = described() | change
    assert len(theirs(document)["station"]) == 2
    assert ours(document, tmp_path) == [f"croissant.json: /{next(iter(change))} is array, not string"]


def test_the_pack_finds_the_incomplete_context(judged: Callable[..., dict[str, Any]]) -> None:
    outcomes = judged("mlcroissant-incomplete-context")
    assert undone(outcomes, "failed") == {"croissant-valid"}
    assert undone(outcomes, "inconclusive") == {"files-as-hashed", "columns-as-described", "one-card"}
