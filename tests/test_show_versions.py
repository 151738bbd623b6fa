"""What show_versions prints is what is so."""

import re
from importlib import metadata

import numpy as np
import pytest

import skxent
from skxent import _kernels


@pytest.fixture
def shown(capsys):
    """Print, and return the lines as a dictionary."""

    def show():
        skxent.show_versions()
        return dict(re.findall(r"^ +([\w-]+): (.*)$", capsys.readouterr().out, re.MULTILINE))

    return show


def test_versions(shown, monkeypatch):
    lines = shown()
    assert lines["skxent"] == skxent.__version__
    assert lines["numpy"] == np.__version__
    required = {re.match(r"[\w.-]+", line)[0] for line in metadata.requires("skxent")}
    assert required <= set(lines)  # the optional ones too

    def none_but_ours(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", none_but_ours)
    assert shown()["pandas"] == "not installed"


def test_the_kernel(shown, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = _kernels.simd_level()
    try:
        _kernels.set_simd_level("blas")
        assert shown()["level"] == "blas"
    finally:
        _kernels.set_simd_level(before)
    lines = shown()
    assert lines["level"] == before
    assert lines["threads"] == "1, OMP_NUM_THREADS is 1"
