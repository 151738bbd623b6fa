"""Fitting and prediction where the rows are on a Dask cluster and the decisions are made here.

A fit is that of :class:`skxent.SoftmaxMLPClassifier`, whose rows live on workers: ``_table`` is the
client's view of a table, ``_rows`` makes objectives and descents (``_descent``) of its rows, and
``_worker`` is what workers do. Labels and weights come to the client; features never do, but for
the rows an encoder is learnt from. Each worker keeps a *shard*: its rows, encoded, with their
targets and weights. It is the result of a task, so that Dask makes a lost one again from where the
data came from; and what is asked of it is a task without a memory, which another worker answers
with the same bits.
"""

from ._classifier import DaskSoftmaxMLPClassifier

__all__ = ["DaskSoftmaxMLPClassifier"]
