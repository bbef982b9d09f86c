"""The context object that Lambda gives a handler beside the event."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field

from infra.local.runner.environment import REGION


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """One invocation."""

    function_name: str
    timeout_seconds: float = 30.0
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    memory_limit_in_mb: int = 512
    function_version: str = "$LATEST"
    _started_at_seconds: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        """The name by which AWS knows a function."""
        return f"arn:aws:lambda:{REGION}:000000000000:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """How long the handler may still take."""
        return max(0, round((self._started_at_seconds + self.timeout_seconds - time.monotonic()) * 1_000))
