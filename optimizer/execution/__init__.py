"""Where tasks run: in this process, in local processes, later on a cluster; one shape for all of them."""

from optimizer.execution.executor import Executor, SerialExecutor, Shared, make_executor

__all__ = ["Executor", "SerialExecutor", "Shared", "make_executor"]
