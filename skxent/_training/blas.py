"""Keeps the BLAS to one thread for a while, in the whole process.

Its threads, inside threads of a committee or beside another process, stand in each other's way, and
how many there are decides how its sums are rounded: SciPy's minimisers take those of vectors, in
which 10,000 weights are enough for threads, and end elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

from .._kernels import simd_level


class _Limit:
    """Holds while anybody wants it: who comes first sets it, who leaves last takes it back."""

    def __init__(self):
        self.lock, self.wanted, self.limiter = threading.Lock(), 0, None

    @contextmanager
    def hold(self) -> Iterator[None]:
        with self.lock:
            if not self.wanted:
                self.limiter = _controller().limit(limits=1, user_api="blas")
            self.wanted += 1
        try:
            yield
        finally:
            with self.lock:
                self.wanted -= 1
                if not self.wanted:
                    self.limiter.restore_original_limits()


_limit = _Limit()


@cache
def _controller() -> ThreadpoolController:  # to look for libraries takes ten milliseconds
    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager:
    """Keep the BLAS to one thread; the process's setting comes back at the end."""
    return _limit.hold()


def products_on_one_thread() -> AbstractContextManager:
    """Do so where the kernel's products are the BLAS's: on processors without AVX2."""
    return one_blas_thread() if simd_level() == "blas" else nullcontext()
