"""What a cluster is asked for: memory and minutes that grow on a retry, and the profile that submits to Slurm."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from bench.many_runs import make_study
from torch.distributed.run import get_args_parser

from fineprint.core.packing import pack, unpack
from fineprint.core.settings import SettingsError
from fineprint.study.hardware import HardwareSettings
from fineprint.study.reading import read_study

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "profiles/slurm/config.yaml"
RULES = "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "rules").glob("*.smk")))


def blocks():
    """Each rule's name and text."""
    return {part.split(":")[0]: part for part in re.split(r"^rule ", RULES, flags=re.MULTILINE)[1:]}


def asks_for_gpu(rule):
    return "\n        gpu=" in rule


def test_a_retry_asks_for_more_within_the_limit():
    free = HardwareSettings()
    assert [free.memory_mb(2000, attempt) for attempt in (1, 2, 3)] == [2000, 4000, 6000]
    bound = HardwareSettings(memory_mb_per_run=2000, memory_mb_at_most=3000, minutes_per_run=30, minutes_at_most=45)
    assert [bound.memory_mb(2000, attempt) for attempt in (1, 2, 3)] == [2000, 3000, 3000]
    assert [bound.minutes(30, attempt) for attempt in (1, 2)] == [30, 45]
    assert bound.minutes(120, 2) == 120, "a rule that asks for more than the limit is not cut: its partition says no"


def test_a_limit_below_the_first_attempt_is_refused():
    demo = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    demo["hardware"] = {"minutes_per_run": 60, "minutes_at_most": 30}
    with pytest.raises(SettingsError, match="minutes_at_most is 30, less than minutes_per_run, 60"):
        read_study(demo)


def test_every_rule_grows_on_a_retry():
    for name, text in blocks().items():
        assert "mem_mb=memory(" in text and "runtime=minutes(" in text, name


def test_the_profile_s_groups_hold_rules_of_one_run():
    profile = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))
    assert set(profile["groups"]) <= set(blocks())
    for rule in profile["groups"]:
        waits_for_all = re.search(r"\n        list_\w+,", blocks()[rule])
        assert not waits_for_all and "{method}" in blocks()[rule], (
            f"{rule}: Snakemake plans such a group in quadratic time"
        )


def test_the_profile_s_comment_names_every_rule_with_a_gpu():
    text = PROFILE.read_text(encoding="utf-8")
    uncommented = yaml.safe_load(re.sub(r"^# (set-resources:|  \w+: [&*]gpu)", r"\1", text, flags=re.MULTILINE))
    assert set(uncommented["set-resources"]) == {name for name, rule in blocks().items() if asks_for_gpu(rule)}
    assert all(asked == {"gpu_model": "h200"} for asked in uncommented["set-resources"].values())


def test_the_profile_keeps_clear_of_known_traps():
    profile = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))
    assert profile["slurm-status-command"] == "squeue"
    longest_pause = 180
    assert 3 * profile["slurm-init-seconds-before-status-checks"] >= longest_pause, "else a finished job can be missed"
    assert profile["set-resource-scopes"] == {"gpu": "local"}, "else profiles/default's one GPU is the whole cluster's"
    assert profile["slurm-partition-config"] == PROFILE.name and profile["partitions"]["gpu"]["max_gpu"] > 0


@pytest.mark.parametrize(("options", "threads"), [(["--profile", "profiles/slurm"], None), (["--cores", "3"], "3")])
def test_serving_is_timed_on_a_machine_of_its_own(options, threads):
    command = [sys.executable, "-m", "snakemake", "-n", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    job = (done.stdout + done.stderr).split("rule serve_tasks:")[1].split("resources:")[0]
    found = re.search(r"threads: (\d+)", job)
    assert (found and found.group(1)) == threads, "a job of one thread has no such line"


@pytest.mark.parametrize(("profile", "gpus"), [("profiles/slurm", 2), ("none", 1)])
def test_a_training_on_several_gpus_gets_them_from_slurm(tmp_path, profile, gpus):
    study = "{study: two, serving: null, hardware: {gpus_per_run: 2}, run: {methods: [roberta_lora]}}"
    (tmp_path / "two.yaml").write_text(study, encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "1", "--profile", profile]
    command += ["--configfile", str(tmp_path / "two.yaml")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    training = (done.stdout + done.stderr).split("rule train_method:")[1].split("resources:")[1].splitlines()[0]
    assert re.search(r"gpu=(\d)", training).group(1) == str(gpus)
    assert "nodes=1" in training, "the processes of one training meet on one node"


def test_torchrun_hands_on_the_scheduler_s_signals_and_waits_for_the_checkpoint():
    launcher = re.search(r'TORCHRUN = f"torchrun (.*)"', RULES).group(1)
    signals = re.search(r'SIGNALS = "(.*)"', RULES).group(1)
    parsed = get_args_parser().parse_args([*launcher.format(SIGNALS=signals).split(), "2", "x.py"])
    assert parsed.shutdown_timeout >= 300 and parsed.nproc_per_node == "2"
    assert {"SIGTERM", "SIGUSR1"} <= set(parsed.signals_to_handle.split(","))


def test_a_large_study_fits_a_command_line():
    """Linux takes 128 KiB in one argument."""
    study = make_study(20, 10, 5, 5)
    for name, method in study["methods"].items():
        method["title"] = f"A title of some length for {name}"
        method["adapter"]["target_modules"] += ["key", "output.dense"]
    values = read_study(yaml.safe_load((ROOT / "config.yaml").read_text()) | study).model_dump(mode="json")
    assert len(json.dumps(values)) > 128 * 1024 > 2 * len(pack(values))
    assert unpack(pack(values)) == values == unpack(json.dumps(values))
