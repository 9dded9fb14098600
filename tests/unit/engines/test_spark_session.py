"""Opening Spark where it cannot be opened: what is missing is named, with what to install."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.engines.spark.session import spark_session
from conformance.errors.spark import BadSparkAddress, NoJava
from conformance.errors.usage import Missing


def java(folder: Path, version: str) -> None:
    """A program that calls itself Java."""
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2026-01-01' >&2\n")
    program.chmod(0o755)


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


def test_without_java_the_error_says_which_to_install(path: Path) -> None:
    with pytest.raises(NoJava) as caught:
        spark_session()
    assert "Java 17 or newer; found: none" in caught.value.render("en")
    assert "请安装 Java" in caught.value.render("zh")


@pytest.mark.parametrize(("version", "shown"), [("1.8.0_402", 'version "1.8'), ("11.0.2", 'version "11')])
def test_a_java_that_is_too_old_is_named(path: Path, version: str, shown: str) -> None:
    java(path, version)
    with pytest.raises(NoJava) as caught:
        spark_session("spark://here:7077")
    assert shown in caught.value.headline().en


def test_the_java_of_java_home_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = path / "home"
    (home / "bin").mkdir(parents=True)
    java(home / "bin", "11.0.2")
    java(path, "21")
    monkeypatch.setenv("JAVA_HOME", str(home))
    with pytest.raises(NoJava, match="11"):
        spark_session()


@pytest.mark.parametrize("address", [None, "sc://here:15002"])
def test_without_pyspark_the_error_names_the_extra(path: Path, monkeypatch: Any, address: str | None) -> None:
    java(path, "17.0.1")
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(Missing) as caught:
        spark_session(address)
    assert "pip install 'aienergy-conformance[spark]'" in caught.value.render("en")


@pytest.mark.parametrize("address", ["", "local[2]", "yarn", "http://here:7077", "spark://", "sc:// x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadSparkAddress):
        spark_session(address)
