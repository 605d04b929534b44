"""A real Slurm on this one machine: slurmctld, slurmd and munge, one pretended GPU, with accounting or without.

Everything it writes lies in one folder, except for two or three files in /etc/slurm: a job step of the executor plugin
forgets where else a configuration might be. A machine that has a Slurm already is left alone.
"""

import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CONFIGURATION = Path("/etc/slurm")
FILES = ("slurm.conf", "gres.conf", "slurmdbd.conf")
MARK = "# Written by the tests of depthtransfer, which remove it.\n"
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins", "munge")
ACCOUNTING_PACKAGES = ("slurmdbd", "slurm-wlm-mysql-plugin", "mariadb-server-core", "mariadb-client-core")
GPU = "pretended"
ACCOUNT = "project"
"""The only account of a cluster with accounting."""
MEMORY_MB = 64000
"""What the one node says it has, whatever it has; nothing here uses a tenth of it."""

SETTINGS = """\
ClusterName=box
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
{accounting}
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
KillWait=5
MinJobAge={remembered}
ReturnToService=2
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 {processors} RealMemory={memory} Gres=gpu:{gpu}:1 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
WITHOUT_ACCOUNTING = "AccountingStorageType=accounting_storage/none"
# The controller forgets jobs at once, and refuses those of no account.
WITH_ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={accounting_port}
AccountingStoragePass={folder}/munge/socket
AccountingStorageEnforce=associations"""
ACCOUNTING_DAEMON = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
DbdHost=localhost
DbdPort={accounting_port}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database_port}
StorageUser=root
StorageLoc=box
PidFile={folder}/slurmdbd.pid
LogFile={folder}/slurmdbd.log
"""
# A GPU must be a device file to be one; this one is everywhere and does no harm.
DEVICES = "NodeName={host} Name=gpu Type={gpu} File=/dev/zero\n"


def obstacle() -> str | None:
    """Why no Slurm may or can be set up here; None if nothing is in the way."""
    if os.geteuid() != 0:
        return "a Slurm in a box needs root"
    system = Path("/etc/os-release")
    if not system.exists() or not re.search(r"(?m)^ID(_LIKE)?=.*\bdebian\b", system.read_text(encoding="utf-8")):
        return "a Slurm in a box needs Debian"
    if running := _running("slurmctld", "slurmd", "slurmdbd"):
        return f"{running[0]} runs on this machine; nothing was touched"
    if "SLURM_CONF" in os.environ:
        return "SLURM_CONF names a cluster; nothing was touched"
    for file in sorted(CONFIGURATION.glob("*.conf")):
        if file.name != "plugstack.conf" and not file.read_text(encoding="utf-8").startswith(MARK):
            return f"{file} configures a cluster; nothing was touched"
    return None


class NotInstalledError(Exception):
    """The packages are not there and cannot be had."""


def install(*, accounting: bool = False) -> None:
    """Install the packages that are missing; they stay.

    Args:
        accounting: also those of a cluster with accounting.

    Raises:
        NotInstalledError: if that fails.
    """
    needed = (*PACKAGES, *ACCOUNTING_PACKAGES) if accounting else PACKAGES
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *needed],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    if missing := [name for name in needed if f"{name} installed" not in listed.splitlines()]:
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            done = subprocess.run(
                ["apt-get", "-qq", *command], env=quiet, capture_output=True, text=True, check=False, timeout=300
            )
            if done.returncode:
                raise NotInstalledError(f"apt-get cannot {command[0]}: {(done.stderr.strip() or '?').splitlines()[-1]}")


class Box:
    """The daemons, from start to stop.

    Args:
        folder: keys, sockets, states and logs; made by start, removed by stop.
        accounting: whether jobs are accounted for, in a database of the box's own.
    """

    def __init__(self, folder: Path, *, accounting: bool = False) -> None:
        self.folder = folder
        self.accounting = accounting
        self._daemons: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Write the configuration and start the daemons; returns once the node takes jobs."""
        for name in ("munge", "state", "spool"):
            (self.folder / name).mkdir(parents=True)
        key = self.folder / "munge/key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        host = socket.gethostname().partition(".")[0]
        controller_port, node_port, accounting_port, database_port = _free_ports(4)
        described = _output("slurmd", "-C")
        processors = re.findall(r"(?:CPUs|Boards|SocketsPerBoard|CoresPerSocket|ThreadsPerCore)=\d+", described)
        values = {
            "host": host,
            "folder": self.folder,
            "controller_port": controller_port,
            "node_port": node_port,
            "accounting_port": accounting_port,
            "database_port": database_port,
            "remembered": 2 if self.accounting else 3600,
            "processors": " ".join(processors),
            "memory": MEMORY_MB,
            "gpu": GPU,
        }
        values["accounting"] = (WITH_ACCOUNTING if self.accounting else WITHOUT_ACCOUNTING).format(**values)
        CONFIGURATION.mkdir(exist_ok=True)
        texts = (SETTINGS, DEVICES, ACCOUNTING_DAEMON) if self.accounting else (SETTINGS, DEVICES)
        for name, text in zip(FILES, texts, strict=False):
            (CONFIGURATION / name).touch(mode=0o600)
            (CONFIGURATION / name).write_text(MARK + text.format(**values), encoding="utf-8")
        munge = [f"--{name}-file={self.folder}/munge/{name}" for name in ("key", "pid", "log", "seed")]
        self._daemon("munged", "--foreground", "--force", *munge, f"--socket={self.folder}/munge/socket")
        self._wait((self.folder / "munge/socket").exists, "munged does not listen")
        if self.accounting:
            self._account(database_port)
        self._daemon("slurmctld", "-D", "-c")
        self._wait(lambda: "UP" in _output("scontrol", "ping"), "slurmctld does not answer")
        self._daemon("slurmd", "-D", "-N", host)
        self._wait(lambda: _output("sinfo", "-h", "-o", "%T") == "idle", "the node takes no jobs")

    def stop(self) -> None:
        """Cancel every job, stop the daemons, remove the files; also of a box that started in part."""
        with suppress(OSError, AssertionError):
            _output("scancel", "--state=PENDING")
            _output("scancel", "--state=RUNNING")
            self._wait(lambda: not self.jobs(), "jobs do not end")
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._daemons.clear()
        for name in FILES:
            file = CONFIGURATION / name
            if file.exists() and file.read_text(encoding="utf-8").startswith(MARK):
                file.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def jobs(self, *, state: str = "all") -> list[str]:
        """Numbers of the jobs that wait, run or end now, or of those in one state (RUNNING, TIMEOUT, ...)."""
        chosen = [] if state == "all" else [f"--states={state}"]
        return _output("squeue", "--noheader", "--format=%i", *chosen).split()

    def job(self, number: str) -> dict[str, str]:
        """What Slurm knows of a job, ended or not: JobState, TimeLimit, MinMemoryNode, Comment, ..."""
        shown = _output("scontrol", "show", "--oneliner", "job", number)
        return dict(word.split("=", 1) for word in shown.split() if "=" in word)

    def submitted(self) -> list[dict[str, str]]:
        """All jobs of this box in the order of their submission."""
        numbers = _output("squeue", "--noheader", "--format=%i", "--states=all").split()
        return [self.job(number) for number in sorted(numbers, key=int)]

    def accounted(self) -> list[dict[str, str]]:
        """All jobs that were accounted for, in the order of their submission: JobID, State, Account, ReqMem."""
        fields = ("JobID", "State", "Account", "ReqMem")
        shown = ("--allocations", "--noheader", "--parsable2", f"--format={','.join(fields)}")
        listed = _output("sacct", "--starttime=now-1days", *shown)
        return [dict(zip(fields, line.split("|"), strict=True)) for line in listed.splitlines()]

    def cancel(self, job: str) -> None:
        """What a user or an administrator does to a job."""
        _output("scancel", job)

    def _account(self, port: int) -> None:
        """Start database and accounting, with one account and one user."""
        data, socket_ = self.folder / "database", self.folder / "database.socket"
        create = ("mariadb-install-db", "--no-defaults", "--user=root", "--skip-test-db", f"--datadir={data}")
        subprocess.run(create, check=True, capture_output=True, timeout=60)
        where = (f"--datadir={data}", f"--socket={socket_}", f"--pid-file={self.folder}/database.pid")
        only_here = ("--bind-address=127.0.0.1", f"--port={port}", "--skip-grant-tables")
        self._daemon("mariadbd", "--no-defaults", "--user=root", *where, *only_here)
        self._wait(socket_.exists, "the database does not listen")
        self._daemon("slurmdbd", "-D")
        self._wait(lambda: _succeeds("sacctmgr", "--noheader", "show", "cluster"), "slurmdbd does not answer")
        for words in (("cluster", "box"), ("account", ACCOUNT), ("user", "root", f"account={ACCOUNT}")):
            subprocess.run(["sacctmgr", "--immediate", "add", *words], check=True, capture_output=True, timeout=60)

    def _daemon(self, *command: str) -> None:
        """Start a daemon that does not outlive this process."""
        with (self.folder / f"{command[0]}.out").open("wb") as output:
            bound = ["setpriv", "--pdeathsig", "TERM", *command]
            self._daemons.append(subprocess.Popen(bound, stdout=output, stderr=output, cwd=self.folder))

    def _wait(self, condition: Callable[[], bool], otherwise: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                logs = [file.read_text(errors="replace")[-1000:] for file in sorted(self.folder.glob("*.[lo]*"))]
                raise AssertionError("\n".join([otherwise, *logs]))
            time.sleep(0.2)


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip()


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def _running(*names: str) -> list[str]:
    """Which of these programs run on the machine."""
    found = set()
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):
            found.add(comm.read_text().strip())
    return [name for name in names if name in found]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
