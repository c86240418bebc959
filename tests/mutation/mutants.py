"""Mutation tests: small faults are put into a room's functions one at a time, and its unit tests should notice each.

    python tests/mutation/mutants.py scoring claims --sample 80 --minutes 9

By mutmut, which `make mutants` installs. It mutates what stands in functions without decorators; constants, class
bodies and properties it leaves alone. Every room has a folder in `mutants/`, which keeps what was found: a run that
was cut short, or asks for a larger sample, goes on there. Rooms run side by side. A test that fails without a fault is
left out and named. Exits with the number of rooms of whose faults fewer than nine in ten were noticed.
"""

import argparse
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "mutants"
# The tests of each room. None of those that start other interpreters: they are slow and meet no mutant there.
ROOMS = {
    "adapters": "settings_of_adapters adapters methods",
    "readouts": "settings_of_readouts readouts losses reading cards answering prediction_order methods controls",
    "training": "settings_of_training steps checkpoints training fitting resuming graphs methods",
    "scoring": "scoring statistics inference means noise cost_only ranking",
    "results": "results records code_state controls_shown provenance places cost ranking noise serving_report",
    "claims": "claims claims_in_detail cost_only noise serving_report",
}
# What tests look for beside scripts and tests.
BESIDE = (
    "config.yaml",
    "requirements.lock",
    "Snakefile",
    "bench",
    "docs",
    "envs",
    "profiles",
    "report",
    "rules",
    "studies",
)
WANTED = 0.9
# Mutated, these change the wording of a message, or a type that nothing looks at.
UNTOUCHED = (r"\braise \w+\(", r"\blogger\.", r"\bcast\(", r"^\s*assert ", r'^\s*f?"[^"]*"$', r"warnings\.")
# A zip's `strict` guards against a mistake that is not there; a file read in another spelling of UTF-8 is the same.
EQUIVALENT = r",? ?\b(strict|encoding)=[^,()]+"
# What a GPU alone runs: tests/gpu looks at it.
ON_A_GPU = tuple(
    f"fineprint.training.{name}"
    for name in (
        *("graphs.", "fitting.x_try_pass", "preparation.x_store_frozen", "paged.xǁPagedAdamWǁholds_pages"),
        *("stepping.xǁStepperǁrecord", "stepping.xǁStepperǁrehearse", "stepping.xǁStepperǁfinish"),
    )
)
CAUGHT = {"killed", "timeout", "segfault", "suspicious"}


def main() -> int:
    """Run the rooms asked for and say what was noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", metavar="room", help=f"of {', '.join(ROOMS)}; none means all")
    parser.add_argument("--sample", type=int, default=100, help="mutants of each room, drawn by the seed; 0 takes all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60, help="after which what was found so far is told")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="of all rooms together")
    parser.add_argument("--again", action="store_true", help="run once more what was not noticed, as after new tests")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    rooms = asked.rooms or list(ROOMS)
    if unknown := sorted(set(rooms) - set(ROOMS)):
        parser.error(f"no such room: {unknown[0]}")
    if asked.inside:
        return run_room(rooms[0], asked)
    end = time.monotonic() + 60 * asked.minutes
    started = [start(room, asked, max(1, asked.processes // len(rooms))) for room in rooms]
    for process in started:
        wait(process, end)
    return sum(tell(room, asked.sample, asked.seed) < WANTED for room in rooms)


def start(room: str, asked: argparse.Namespace, processes: int) -> subprocess.Popen:
    """Start a room's run in its folder, in a process group of its own; what it prints goes to a file there."""
    folder = FOLDER / room
    lay_out(folder, room)
    options = {"--sample": asked.sample, "--seed": asked.seed, "--processes": processes}
    flags = [
        "--inside",
        *(["--again"] if asked.again else []),
        *(str(part) for pair in options.items() for part in pair),
    ]
    command = [sys.executable, __file__, room, *flags]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "200"}
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


def wait(process: subprocess.Popen, end: float) -> None:
    """Wait until a run is over, or end it with all that it started."""
    try:
        process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def lay_out(folder: Path, room: str) -> None:
    """Make a room's folder: the project by links, in the form that mutmut wants, and what is to be mutated there."""
    folder.mkdir(parents=True, exist_ok=True)
    links = {"src": "scripts", "scripts": "scripts", "tests": "tests"} | {name: name for name in BESIDE}
    for link, target in links.items():
        if not (folder / link).is_symlink():
            (folder / link).symlink_to(ROOT / target)
    left_out = folder / "left_out.json"
    failing = json.loads(left_out.read_text()) if left_out.exists() else []
    arguments = [f"--deselect={test}" for test in failing]
    files = [file for file in list_tests(room) if file not in failing]  # a file that fails cannot be imported
    settings = {
        "source_paths": ["src/fineprint"],
        "only_mutate": [f"src/fineprint/{room}/*"],
        "do_not_mutate_patterns": list(UNTOUCHED),
        "also_copy": ["scripts", *BESIDE],
        "pytest_add_cli_args": ["-p", "no:xdist", "-p", "no:cacheprovider", *arguments],
        "pytest_add_cli_args_test_selection": files,
        "process_isolation": "forkserver",  # a process in which torch has computed must not fork
        "use_git_change_detection": False,
        "on_dependency_change": "ignore",
        "timeout_multiplier": 10.0,
        "timeout_constant": 5.0,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    paths = json.dumps(["src", "tests", "tests/unit", "bench"])
    pytest = ["[tool.pytest.ini_options]", f"pythonpath = {paths}", 'filterwarnings = ["ignore"]']
    text, file = "\n".join(["[tool.mutmut]", *lines, "", *pytest, ""]), folder / "pyproject.toml"
    if not file.exists() or file.read_text(encoding="utf-8") != text:  # what was found by other tests is no result
        shutil.rmtree(folder / "mutants", ignore_errors=True)
        file.write_text(text, encoding="utf-8")


def list_tests(room: str) -> list[str]:
    """Return the files that hold a room's tests."""
    return [f"tests/unit/test_{name}.py" for name in ROOMS[room].split()]


def run_room(room: str, asked: argparse.Namespace) -> int:
    """Mutate the room, from inside its folder, and run the sample's mutants that were not run before."""
    leave_out_failing(room)
    from mutmut import __main__ as mutmut  # which reads its settings once
    from mutmut.stats import status_by_exit_code

    generate(mutmut, asked.processes)
    drawn = {name: status_by_exit_code[code] for name, code in draw(room, asked.sample, asked.seed).items()}
    done = CAUGHT if asked.again else CAUGHT | {"survived", "no tests"}
    todo = [name for name, status in drawn.items() if status not in done]
    if todo:
        mutmut._run(todo, asked.processes)
    return 0


def leave_out_failing(room: str) -> None:
    """Find the tests that fail without a fault, once, and have them left out: mutmut wants all to pass."""
    file = Path("left_out.json")
    if file.exists():
        return
    options = ["-q", "--tb=line", "-rfE", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    command = [sys.executable, "-m", "pytest", *options, *list_tests(room)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    failing = sorted({match[1] for match in re.finditer(r"^(?:FAILED|ERROR) (tests/\S+)", said, re.MULTILINE)})
    print(said, flush=True)
    file.write_text(json.dumps(failing), encoding="utf-8")
    lay_out(Path.cwd(), room)


def generate(mutmut: object, processes: int) -> None:
    """Write every mutant, beside a copy of the project, as `mutmut run` does before anything else."""
    Path("mutants").mkdir(exist_ok=True)
    mutmut.set_mutant_under_test("mutant_generation")
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.create_mutants(processes)


def draw(room: str, sample: int, seed: int) -> dict[str, int | None]:
    """Return a sample of a room's mutants by name, with the exit code of its tests or None; a larger one holds a
    smaller one. Those that change nothing, or that no CPU runs, are passed over."""
    found: dict[str, int | None] = {}
    for file in sorted((FOLDER / room / "mutants").rglob("*.meta")):
        found |= json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
    names = random.Random(seed).sample(sorted(found), len(found))
    told = (name for name in names if not name.startswith(ON_A_GPU) and changes(name))
    return {name: found[name] for name in itertools.islice(told, sample or None)}


def changes(mutant: str) -> bool:
    """Return whether a mutant, seen from inside its room's folder, is more than another form of the same."""
    lines = get_diff(mutant).splitlines()[2:]
    before, after = ("".join(line[1:] for line in lines if line.startswith(sign)) for sign in "-+")
    return plain(before) != plain(after)


def plain(code: str) -> str:
    """Return code without what makes no difference."""
    return re.sub(r",?\s*(?=\))", "", re.sub(EQUIVALENT, "", code))


def get_diff(mutant: str) -> str:
    """Return a mutant as a difference from what it was made of."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    return get_diff_for_mutant(mutant, path=file_of(mutant))


def tell(room: str, sample: int, seed: int) -> float:
    """Print what was noticed in a room and each fault that was not; return the share noticed."""
    os.chdir(FOLDER / room)
    from mutmut.stats import status_by_exit_code

    drawn = {name: status_by_exit_code[code] for name, code in draw(room, sample, seed).items()}
    counts = Counter(drawn.values())
    tried = len(drawn) - counts["not checked"]
    caught = sum(counts[status] for status in CAUGHT)
    for name, status in sorted(drawn.items()):
        if status not in CAUGHT | {"not checked"}:
            print(f"--- {status}: {name}\n{get_diff(name)}\n")
    left_out = json.loads(Path("left_out.json").read_text()) if Path("left_out.json").exists() else []
    if left_out:
        print(f"{room}: left out, since they fail without a fault: {', '.join(left_out)}")
    if not tried:
        print(f"{room}: nothing was run; see {FOLDER / room / 'log'}")
        return 0.0
    listed = ", ".join(f"{number} {status}" for status, number in counts.most_common())
    print(f"{room}: {caught} of {tried} mutants noticed, {caught / tried:.0%} ({listed})", flush=True)
    return caught / tried


def file_of(mutant: str) -> Path:
    """Return the file that a mutant was made of, relative to its room's folder."""
    module = Path("src", *re.split(r"\.x[_ǁ]", mutant)[0].split("."))
    return module / "__init__.py" if module.is_dir() else module.with_suffix(".py")


if __name__ == "__main__":
    sys.exit(main())
