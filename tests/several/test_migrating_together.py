"""Two hosts that start together both ask for the migrations; they happen once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mentorships import migrations
from mentorships.launch import ROOT, child_environment
from tests.support.databases import DATABASES, Databases, in_use

HOSTS = 3


@pytest.mark.parametrize("kind", DATABASES)
def test_three_hosts_migrate_an_empty_database_together(
    databases: Databases, own_settings: None, tmp_path: Path, kind: str
) -> None:
    with databases.fresh(kind, tmp_path, migrated=False) as url, in_use(url):
        hosts = [
            subprocess.Popen(
                [sys.executable, "-m", "alembic", "upgrade", "head"],
                cwd=ROOT,
                env=child_environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(HOSTS)
        ]
        told = [host.communicate(timeout=120)[0] for host in hosts]
        assert [host.returncode for host in hosts] == [0] * HOSTS, "\n".join(told)
        assert migrations.at_head()
