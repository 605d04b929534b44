"""What a scheduler leaves to a process."""

import os
from pathlib import Path

import pytest

from depthtransfer.machine import available_bytes, usable_cores


def system(root: Path, group: str, **files: str) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(group + "\n", encoding="ascii")
    for name, text in files.items():
        file = root / "sys/fs/cgroup" / name.replace("__", "/").replace("cpu_", "cpu.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="ascii")
    return root


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))


@pytest.mark.parametrize(
    ("group", "files", "cores"),
    [
        ("0::/", {"cpu_max": "100000 100000"}, 1),
        ("0::/", {"cpu_max": "150000 100000"}, 2),
        ("0::/", {"cpu_max": "20000 100000"}, 1),
        ("0::/", {"cpu_max": "max 100000"}, 8),
        ("0::/", {"cpu_max": "9900000 100000"}, 8),
        ("0::/job/step", {"job__step__cpu_max": "max 100000", "job__cpu_max": "100000 100000"}, 1),
        ("0::/job", {}, 8),
        ("4:cpu,cpuacct:/", {"cpu__cpu_cfs_quota_us": "100000", "cpu__cpu_cfs_period_us": "100000"}, 1),
        ("4:cpu,cpuacct:/", {"cpu__cpu_cfs_quota_us": "-1", "cpu__cpu_cfs_period_us": "100000"}, 8),
        ("4:memory:/", {"cpu__cpu_cfs_quota_us": "100000", "cpu__cpu_cfs_period_us": "100000"}, 8),
    ],
)
def test_a_quota_bounds_the_cores(tmp_path: Path, group: str, files: dict[str, str], cores: int) -> None:
    assert usable_cores(system(tmp_path, group, **files)) == cores


def test_without_control_groups_all_cores_are_usable(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == 8


def test_memory_is_some() -> None:
    assert 2**20 < available_bytes() < 2**50
