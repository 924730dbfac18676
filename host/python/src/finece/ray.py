"""Scores the answers of a Ray Data dataset.

::

    ds = ray.data.read_json("answers.jsonl")
    ds = ds.map_batches(finece.ray.Score, num_cpus=0.5, compute=ray.data.ActorPoolStrategy(size=2))

Each actor loads the core once and reuses one session. If an actor dies, Ray runs its
batches again, and the result is the same: a score depends only on its row.

Do not read with ``lines=True``: pandas then reads a third of the numbers with a wrong last digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finece._contract import Settings
from finece._score import Scorer, scored

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["Score"]


class Score:
    """A class for ``ray.data.Dataset.map_batches``: adds the columns that finece.score adds.

    Pass settings in ``fn_constructor_kwargs``, and also ``columns`` and ``overwrite``, which are those of
    finece.score. Batches may be of numpy, pandas or pyarrow. Leave some CPUs to the tasks that read: with
    ``num_cpus=1`` and as many actors as CPUs, Ray waits for ever.
    """

    def __init__(self, columns: Mapping[str, str] | None = None, overwrite: bool = False, **settings: Unpack[Settings]) -> None:
        self._scorer = Scorer(**settings)
        self._columns = columns
        self._overwrite = overwrite

    def __call__(self, batch: Any) -> Any:
        """The batch with the two columns."""
        return scored(self._scorer, batch, self._columns, self._overwrite)
