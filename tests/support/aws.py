"""S3 and KMS on 127.0.0.1, for real boto3 clients: moto's server, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types import TracebackType

PROGRAM = Path(__file__).with_name("aws_program.py")


class Aws:
    """Serves while the `with` block lasts."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.endpoint = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.s3 = self.client("s3")
        self.kms = self.client("kms")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.s3.close()
        self.kms.close()
        self._process.communicate()

    def client(self, service: str) -> Any:
        """A client of this server."""
        make: Any = boto3.client
        return make(
            service,
            region_name="eu-west-1",
            endpoint_url=self.endpoint,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, proxies={}),
        )
