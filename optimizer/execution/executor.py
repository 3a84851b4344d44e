"""What every executor promises, and the serial one.

A task is a function of a module and arguments that can be pickled; what it returns can be pickled too. It may not
depend on what ran before it, so results are the same wherever and in whatever order tasks run.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from optimizer.errors import OptimizerError

Result = TypeVar("Result")
Value = TypeVar("Value")

POLL = 0.05
"""Seconds between two looks at whether the work was cancelled."""
IN_WORKER = "OPTIMIZER_WORKER"
"""Set in the environment of worker processes; what they run stays serial."""

_numbers = itertools.count()


class WorkerLostError(OptimizerError):
    """The process that a task ran in ended, and so did the one in which it was tried again."""


@dataclass(frozen=True, eq=False)
class Shared(Generic[Value]):
    """A read-only value that is sent once to every worker, however many tasks use it."""

    value: Value
    key: int
    pickled: bytes = field(default=b"", repr=False)
    """Where it has to travel; made at once, as the caller may go on working out what the value keeps."""


class Executor(futures.Executor):
    """Like ``concurrent.futures.Executor``; leaving its ``with`` block by an error drops what is not done.

    ``map`` gives results in the order of the arguments. A task that gets a ``Shared`` as an argument sees its value.
    """

    workers: int
    """Tasks that run at once."""

    def share(self, value: Value) -> Shared[Value]:
        """A handle to pass to tasks in place of the value. Nothing may change the value afterwards."""
        return Shared(value, next(_numbers))

    @abstractmethod
    def submit(self, task: Callable[..., Result], /, *args: Any, **kwargs: Any) -> futures.Future[Result]:
        """Run a task some time; its result or its error comes in the future."""

    def gather(
        self,
        task: Callable[..., Result],
        *arguments: Iterable[Any],
        cancelled: Callable[[], bool] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> list[Result]:
        """All results in order; where ``cancelled`` says so, those that were done before the first that was not.

        ``progress`` is told how many are done. The first error is raised.
        """
        waiting = [self.submit(task, *args) for args in zip(*arguments, strict=False)]
        results: list[Result] = []
        try:
            for future in waiting:
                while not futures.wait([future], POLL).done:
                    if cancelled is not None and cancelled():
                        return results
                results.append(future.result())
                if progress is not None:
                    progress(len(results))
        finally:
            for future in waiting:
                future.cancel()
        return results

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.shutdown(wait=True, cancel_futures=kind is not None)


class SerialExecutor(Executor):
    """Runs every task here: ``submit`` at once, ``map`` one by one as results are asked for."""

    workers = 1

    def submit(self, task: Callable[..., Result], /, *args: Any, **kwargs: Any) -> futures.Future[Result]:
        future: futures.Future[Result] = futures.Future()
        try:
            future.set_result(task(*map(opened, args), **{k: opened(a) for k, a in kwargs.items()}))
        except Exception as error:
            future.set_exception(error)
        return future

    def map(
        self, task: Callable[..., Result], *arguments: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[Result]:
        return (task(*map(opened, args)) for args in zip(*arguments, strict=False))

    def gather(
        self,
        task: Callable[..., Result],
        *arguments: Iterable[Any],
        cancelled: Callable[[], bool] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> list[Result]:
        results: list[Result] = []
        for args in zip(*arguments, strict=False):
            if cancelled is not None and cancelled():
                break
            results.append(task(*map(opened, args)))
            if progress is not None:
                progress(len(results))
        return results


def opened(argument: Any) -> Any:
    """The value of a shared argument; any other as it is."""
    return argument.value if isinstance(argument, Shared) else argument
