"""What every way of starting the product shares: folders and the environment of child processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class StartError(Exception):
    """The product cannot start; the text is one sentence for the operator."""


def web_dir() -> Path:
    """The folder of the front-end build: `.web`, or what REFLEX_WEB_WORKDIR says."""
    return ROOT / os.environ.get("REFLEX_WEB_WORKDIR", ".web")


def pages_dir() -> Path:
    """The folder of the built pages and scripts."""
    return web_dir() / "build" / "client"


def child_environment() -> dict[str, str]:
    """The environment for processes of the product: this virtual environment's tools come first,
    and Reflex runs its production build without asking the internet for news."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONUNBUFFERED": "1",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_USE_SYSTEM_BUN": "true",
        "REFLEX_ENV_MODE": "prod",
    }


def with_npm_registry(environment: dict[str, str]) -> dict[str, str]:
    """Add the JavaScript registry that npm is configured for; Reflex would try several."""
    if environment.get("NPM_CONFIG_REGISTRY"):
        return environment
    try:
        answer = subprocess.run(
            ["npm", "config", "get", "registry"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return environment
    return {**environment, "NPM_CONFIG_REGISTRY": answer.stdout.strip()}
