"""Finds the engine that runs on this machine, and the credentials for it."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from pydantic import SecretStr

from zenotc.exceptions import AuthenticationError, ValidationError
from zenotc.models.wire import decode

if TYPE_CHECKING:
    import ssl

__all__ = ["DEFAULT_BASE_URL", "Connection", "resolve", "state_directory", "stated_client", "trust"]

DEFAULT_BASE_URL = "http://127.0.0.1:8731"
_ENVIRONMENTS = ("sandbox", "live")


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the engine is, and who asks."""

    environment: str
    base_url: str
    api_key: str
    api_secret: SecretStr
    tls: ssl.SSLContext | None = None


def stated_client() -> str:
    """Return the user and the host of this process, as `ann@desk-3`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def state_directory(state_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the engine's state directory: as given, else `ZENOTC_STATE_DIR`, else the platform's."""
    return Path(state_dir or os.environ.get("ZENOTC_STATE_DIR") or platformdirs.user_state_dir("zenotc"))


def resolve(
    *,
    api_key: str | None,
    api_secret: SecretStr | None,
    environment: str | None,
    base_url: str | None,
    state_dir: str | os.PathLike[str] | None,
    ca_file: str | os.PathLike[str] | None = None,
) -> Connection:
    """Fill in what was not given: from the environment's variables, then from the profile of the local engine.

    The profile counts only where its environment is the one that is asked for: a script for the sandbox never
    finds a live engine by itself.

    Raises
    ------
    ValidationError
        If the environment is unknown, or there is no URL for it, or the URL is none, or the certificates of
        `ca_file` cannot be read.
    AuthenticationError
        If there is no key and secret.
    """
    environment = environment or os.environ.get("ZENOTC_ENVIRONMENT") or "sandbox"
    if environment not in _ENVIRONMENTS:
        reason = f"must be one of {', '.join(_ENVIRONMENTS)}"
        raise ValidationError.of_fields([{"field": "environment", "reason": reason}])
    directory = state_directory(state_dir)
    engine = _read(directory / "engine.json", environment)
    base_url = base_url or os.environ.get("ZENOTC_BASE_URL") or engine.get("url")
    if base_url is None and environment == "sandbox":
        base_url = DEFAULT_BASE_URL
    if not base_url or not base_url.startswith(("http://", "https://")):
        reason = f"no URL of a {environment} engine is known" if not base_url else "must begin with http:// or https://"
        raise ValidationError.of_fields([{"field": "base_url", "reason": reason}])
    api_key = api_key or os.environ.get("ZENOTC_API_KEY")
    if api_secret is None and "ZENOTC_API_SECRET" in os.environ:
        api_secret = SecretStr(os.environ["ZENOTC_API_SECRET"])
    if not api_key or api_secret is None:
        api_key, api_secret = _credentials(directory, environment, api_key, api_secret)
    return Connection(environment, base_url.rstrip("/"), api_key, api_secret, trust(base_url, ca_file))


def trust(base_url: str, ca_file: str | os.PathLike[str] | None = None) -> ssl.SSLContext | None:
    """Return what verifies the certificate of an engine that has one.

    The authorities of the file count, else those of `ZENOTC_CA_FILE`, else the system's.

    Raises
    ------
    ValidationError
        If the file cannot be read.
    """
    if not base_url.startswith("https://"):
        return None  # loading certificates for nothing takes long
    import ssl

    ca_file = ca_file or os.environ.get("ZENOTC_CA_FILE") or None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValidationError.of_fields([{"field": "ca_file", "reason": f"{ca_file}: {error}"}]) from error


def _credentials(
    directory: Path, environment: str, api_key: str | None, api_secret: SecretStr | None
) -> tuple[str, SecretStr]:
    found = _read(directory / "credentials", environment)
    if api_key and api_key != found.get("apiKey"):
        found = {}  # the secret of another key is no use
    api_key = api_key or found.get("apiKey")
    api_secret = api_secret or found.get("apiSecret")
    if not api_key or api_secret is None:
        raise AuthenticationError(
            f"no API key and secret for the {environment} environment: give them, set ZENOTC_API_KEY and "
            f"ZENOTC_API_SECRET, or start an engine with `zenotc serve`",
            code="no_credentials",
        )
    return api_key, api_secret


def _read(path: Path, environment: str) -> Mapping[str, Any]:
    """Return a file of the profile, its secret wrapped, or nothing where there is none for this environment."""
    try:
        content = decode(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict) or content.get("environment") != environment:
        return {}
    if "apiSecret" in content:
        content["apiSecret"] = SecretStr(str(content["apiSecret"]))
    return content
