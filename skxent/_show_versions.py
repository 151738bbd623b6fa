"""What a report of a bug should say of the machine: versions, the kernel's level, threads."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib import metadata
from typing import Any

from threadpoolctl import threadpool_info

from ._kernels import simd_level
from ._threads import effective_n_jobs
from ._version import __version__

# what tables come from and exported models run in, beside the dependencies
_BESIDE = ("pandas", "polars", "pyarrow", "narwhals", "onnx", "onnxruntime", "skops")


def show_versions() -> None:
    """Print versions and the machine's properties, for a report of a bug.

    That is Python and the system; skxent, its dependencies and optional dependencies; which of its
    compiled paths is used here ("avx512", "avx2", or "blas" where the processor has neither) and
    with how many threads; and the libraries that are loaded and have threads of their own.

    See Also
    --------
    sklearn.show_versions : The same for scikit-learn.

    Examples
    --------
    >>> from skxent import show_versions
    >>> show_versions()  # doctest: +ELLIPSIS
    System
              python: 3...
    """
    limit = os.environ.get("OMP_NUM_THREADS", "not set")
    _show("System", {"python": sys.version.replace("\n", " "), "machine": platform.platform()})
    _show("Packages", {"skxent": __version__} | {name: _version(name) for name in _packages()})
    _show(
        "Kernel",
        {
            "level": simd_level(),
            "threads": f"{effective_n_jobs(None)}, OMP_NUM_THREADS is {limit}",
        },
    )
    _show("Libraries with threads", {pool["prefix"]: _pool(pool) for pool in threadpool_info()})


def _packages() -> list[str]:
    """Names of what the package may use: as its metadata have it, and what comes beside it."""
    required = [re.match(r"[\w.-]+", line) for line in metadata.requires("skxent") or ()]
    return sorted({match[0] for match in required if match} | {*_BESIDE})


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _pool(pool: dict[str, Any]) -> str:
    known = (pool["version"], pool.get("architecture"), f"{pool['num_threads']} threads")
    return ", ".join(part for part in known if part)


def _show(title: str, lines: dict[str, str]) -> None:
    print(title)
    for name, value in lines.items():
        print(f"{name:>16}: {value}")
    print()
