"""The file systems of object stores, with the credentials that this process has. An adapter over pyarrow.fs.

Who the engine talks to is settled by its environment alone, by the variables that everybody knows; a dataset
names bucket and key.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any, Final

from pyarrow import fs

from engine.models.urls import StoreUrl

_CONNECT_SECONDS: Final = 10
_REQUEST_SECONDS: Final = 30  # without a byte
_GOOGLE_PATIENCE: Final = timedelta(seconds=20)  # by itself it tries for a quarter of an hour
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
_AZURE_KEYS: Final = ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY")


def open_store(url: StoreUrl) -> Any:
    """The file system that a place lies in; its endpoint and its region are told by the environment.

    Raises:
        OSError, pa.ArrowException: the store cannot be reached, or there are no credentials.
    """
    if url.scheme == "s3":
        return _s3(url)
    if url.scheme == "gs":
        return fs.GcsFileSystem(retry_time_limit=_GOOGLE_PATIENCE)
    return fs.AzureFileSystem(account_name=url.account, account_key=_first(_AZURE_KEYS))


def delta_options(url: StoreUrl) -> dict[str, str]:
    """What delta-rs has to know of a store beside what it finds itself, as `open_store` finds it.

    Raises:
        OSError, pa.ArrowException: the store cannot be reached.
    """
    options = {
        "connect_timeout": f"{_CONNECT_SECONDS}s",
        "timeout": f"{_REQUEST_SECONDS}s",
        "max_retries": "4",
        "retry_timeout": f"{_REQUEST_SECONDS}s",
    }
    if url.scheme == "abfs" and (key := _first(_AZURE_KEYS)) is not None:
        options["azure_storage_account_key"] = key
    if url.scheme == "s3":
        endpoint, region = _s3_place(url)
        options["aws_region"] = region
        if endpoint is not None:
            endpoint = endpoint if "://" in endpoint else f"https://{endpoint}"
            options |= {"aws_endpoint_url": endpoint, "allow_http": str(endpoint.startswith("http://"))}
    return options


def _s3(url: StoreUrl) -> Any:
    endpoint, region = _s3_place(url)
    options: dict[str, Any] = {}
    if endpoint is not None:
        scheme, _, host = endpoint.rpartition("://")
        options = {"endpoint_override": host.rstrip("/"), "scheme": scheme or "https"}
    return fs.S3FileSystem(
        region=region,
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_REQUEST_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(
            max_attempts=1
        ),  # they are made here, and can be cancelled
        **options,
    )


def _s3_place(url: StoreUrl) -> tuple[str | None, str]:
    """The server of S3, if the environment names one, and the bucket's region."""
    endpoint, region = _first(_ENDPOINTS), _first(_REGIONS)
    if endpoint is None and region is None:
        region = fs.resolve_s3_region(url.bucket)
    return endpoint, region or "us-east-1"


def _first(names: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)
