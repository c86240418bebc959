"""A real Slurm on this machine for the tests: one node, fake GPUs, every daemon a child of the tests' process."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

CONFIGURATION = Path("/etc/slurm")  # Slurm's job steps look nowhere else
MARK = "# Written by Fineprint's tests."
DAEMONS = ("munged", "slurmctld", "slurmd")
ACCOUNTING_DAEMONS = ("slurmdbd", "mariadbd", "mariadb-install-db")

SLURM = """{mark}
ClusterName=fineprint
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=200
# A CPU job does not queue behind those that wait for the GPU (PriorityTier).
# How long after SIGTERM a job is killed, and how soon a lost node is noticed.
KillWait=10
SlurmdTimeout=30
MinJobAge=600
GresTypes=gpu
{accounting}
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES PriorityTier=2 MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} MaxTime=INFINITE State=UP
"""

WITH_ACCOUNTING = """AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16819
AccountingStoragePass={folder}/munge.socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
JobAcctGatherType=jobacct_gather/linux"""

SLURMDBD = """{mark}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdPort=16819
SlurmUser=root
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=13306
StorageUser=slurm
StoragePass=slurm
StorageLoc=accounting
"""

DATA_BASE = """CREATE DATABASE accounting;
CREATE USER 'slurm'@'127.0.0.1' IDENTIFIED BY 'slurm'; GRANT ALL ON accounting.* TO 'slurm'@'127.0.0.1';
CREATE USER 'slurm'@'localhost' IDENTIFIED BY 'slurm'; GRANT ALL ON accounting.* TO 'slurm'@'localhost';"""


def why_not() -> str | None:
    """Return why no Slurm can be started here, or None."""
    if os.geteuid() != 0:
        return "a Slurm for the tests is started as root"
    if missing := [name for name in (*DAEMONS, *ACCOUNTING_DAEMONS) if shutil.which(name) is None]:
        return f"{', '.join(missing)} not installed (apt-get install slurm-wlm munge slurmdbd mariadb-server)"
    file = CONFIGURATION / "slurm.conf"
    if file.exists() and not file.read_text(encoding="utf-8").startswith(MARK):
        return f"{file} belongs to a cluster of this machine"
    return None


def ask(*command: str) -> str:
    """Return what a command of Slurm's prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def wait_for(what: str, condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until a condition holds; a command that fails is a condition that does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except subprocess.CalledProcessError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not within {seconds} s")


class Cluster:
    """One node with fake GPUs and the partitions `cpu` and `gpu`; files and daemons end with `stop`.

    Without accounting it is for trials by hand: two such clusters cannot run on one machine.
    """

    def __init__(self, folder: Path, gpus: int = 1, accounting: bool = True) -> None:
        self.folder, self.gpus, self.accounting = folder, gpus, accounting
        self.host = socket.gethostname().split(".")[0]
        self.daemons: dict[str, subprocess.Popen] = {}

    def start(self) -> None:
        """Write the configuration and start every daemon."""
        try:
            self.write_configuration()
            self.start_munge()
            if self.accounting:
                self.start_accounting()
            self.run_daemon("slurmctld", "-D")
            wait_for("slurmctld", lambda: "is UP" in ask("scontrol", "ping"))
            self.start_node()
        except BaseException:
            self.stop()
            raise

    def write_configuration(self) -> None:
        """Write what Slurm reads; a fake GPU is a character device that swallows everything, like /dev/null."""
        for part in ("state", "spool", "log"):
            (self.folder / part).mkdir()
        devices = []
        for number in range(self.gpus):
            device = self.folder / f"gpu{number}"
            os.mknod(device, 0o20666, os.makedev(1, 3))
            devices.append(f"NodeName={self.host} Name=gpu File={device}\n")
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 - 512
        facts = {"mark": MARK, "folder": self.folder, "host": self.host, "memory": memory, "gpus": self.gpus}
        accounting = WITH_ACCOUNTING if self.accounting else "AccountingStorageType=accounting_storage/none"
        CONFIGURATION.mkdir(exist_ok=True)
        (CONFIGURATION / "slurm.conf").write_text(SLURM.format(**facts, accounting=accounting.format(**facts)))
        (CONFIGURATION / "gres.conf").write_text(MARK + "\n" + "".join(devices))
        if self.accounting:
            (CONFIGURATION / "slurmdbd.conf").write_text(SLURMDBD.format(**facts))
            (CONFIGURATION / "slurmdbd.conf").chmod(0o600)

    def run_daemon(self, name: str, *arguments: str) -> None:
        """Start a daemon in the foreground, as a child that a signal to the tests' group does not reach."""
        with (self.folder / "log" / name).open("ab") as log:
            self.daemons[name] = subprocess.Popen(
                [name, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def start_munge(self) -> None:
        """Start the daemon by which the others know each other, with a key and a socket of its own."""
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        places = {option: self.folder / f"munge.{option}" for option in ("socket", "pid", "log", "seed")}
        options = [f"--{name}{'' if name == 'socket' else '-file'}={place}" for name, place in places.items()]
        self.run_daemon("munged", "--foreground", "--force", f"--key-file={key}", *options)
        wait_for("munged", places["socket"].exists)

    def start_accounting(self) -> None:
        """Start a data base and Slurm's accounting on it, with the account `lab`."""
        data, place = self.folder / "data", f"--socket={self.folder}/mariadb.socket"
        quick = ["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--innodb-buffer-pool-size=64M"]
        install = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}", "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True)
        listen = ["--bind-address=127.0.0.1", "--port=13306", place]
        self.run_daemon("mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", *listen, *quick)
        client = ["mariadb", "--no-defaults", place]
        wait_for("mariadbd", lambda: bool(ask(*client, "-e", "SELECT 1")))
        ask(*client, "-e", DATA_BASE)
        self.run_daemon("slurmdbd", "-D")
        manage = ["sacctmgr", "--immediate", "--quiet"]
        wait_for("slurmdbd", lambda: ask(*manage, "list", "cluster") is not None)
        ask(*manage, "add", "cluster", "fineprint")
        ask(*manage, "add", "account", "lab", "cluster=fineprint")
        ask(*manage, "add", "user", "root", "account=lab", "defaultaccount=lab")

    def start_node(self) -> None:
        """Start the node's daemon and wait until it takes jobs."""
        self.run_daemon("slurmd", "-D")
        states = {"idle", "mixed", "allocated"}
        wait_for("slurmd", lambda: ask("sinfo", "-h", "-N", "-o", "%T").split()[0] in states)

    def stop_daemon(self, name: str) -> None:
        """End a daemon and wait for its end."""
        daemon = self.daemons.pop(name, None)
        if daemon is None:
            return
        daemon.terminate()
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def stop(self) -> None:
        """Cancel what still runs, end the daemons in the reverse order and take the configuration away."""
        if "slurmctld" in self.daemons:
            subprocess.run(["scancel", "--user=root"], check=False, capture_output=True)
            quiet = lambda: not ask("squeue", "-h")  # noqa: E731
            try:
                wait_for("the end of all jobs", quiet, 30)
            except TimeoutError as error:
                print(error)
        for name in ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged"):
            self.stop_daemon(name)
        for file in ("slurm.conf", "gres.conf", "slurmdbd.conf"):
            (CONFIGURATION / file).unlink(missing_ok=True)
