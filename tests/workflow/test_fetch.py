"""Fetching on a machine with internet, everything else in a network namespace without one."""

import json
import os
import shutil
import subprocess

import pandas
import pytest

from fake_hub import COMMIT, FakeHub
from tiny_models import make_llama, make_roberta

pytestmark = pytest.mark.workflow
STUDY = "tests/config/hub.yaml"
NO_NETWORK = next(
    (
        command
        for command in (["unshare", "-n"], ["unshare", "-r", "-n"])
        if shutil.which("unshare")
        and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    ),
    None,
)
needs_namespace = pytest.mark.skipif(
    NO_NETWORK is None, reason="`unshare -n` is not permitted here, so a machine without a network cannot be made"
)
FOLDER = "results/tiny_hub"


@pytest.fixture(scope="module")
def repositories(tmp_path_factory):
    """A model folder of each kind, and 60 rows of reviews in the hub's form."""
    root = tmp_path_factory.mktemp("repositories")
    reviews = root / "reviews"
    (reviews / "data").mkdir(parents=True)
    words = ["the dog sleeps .", "a cat runs .", "a big dog .", "not small ."]
    for split, count in {"train": 40, "validation": 20}.items():
        rows = [{"idx": n, "sentence": f"{words[n % 4]} {words[n // 4 % 4]} {n}", "label": n % 2} for n in range(count)]
        pandas.DataFrame(rows).to_parquet(reviews / "data" / f"{split}-00000-of-00001.parquet")
    (reviews / "README.md").write_text("---\nlicense: mit\n---\n# Reviews\n", encoding="utf-8")
    models = {"test/encoder": make_roberta(root / "encoder"), "test/decoder": make_llama(root / "decoder")}
    (models["test/encoder"] / "pytorch_model.bin").write_bytes(b"pickled weights are never fetched")
    return models, {"test/reviews": reviews}


@pytest.fixture(scope="module")
def place(make_copy, repositories):
    """A copy of the workflow with a cache of its own, and how to run in it."""
    copy = make_copy("hub")
    home = copy.folder / "hf"

    def run(*arguments, hub=None, network=True):
        settings = {"HF_HOME": str(home), "HF_ENDPOINT": hub.address if hub else "http://127.0.0.1:9"}
        before = dict(os.environ)
        os.environ.update(settings, HF_HUB_DISABLE_XET="1")
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):  # set where unit tests were collected in this process
            os.environ.pop(name, None)
        try:
            return copy.run(*arguments, study=STUDY, prefix=[] if network else NO_NETWORK)
        finally:
            os.environ.clear()
            os.environ.update(before)

    return copy.folder, run


def said(done):
    return " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def gated(place, repositories):
    """Fetching with an account that may not read the decoder."""
    folder, run = place
    with FakeHub(*repositories, gated=("test/decoder",)) as hub:
        done = run("fetch", hub=hub)
    return folder, done, hub


def test_a_gate_is_told_before_anything_is_downloaded(gated):
    folder, done, hub = gated
    assert done.returncode != 0
    assert "backbones/decoder: 'test/decoder' is gated and this account has no access: accept its terms on" in said(
        done
    )
    assert ("GET", "/api/datasets/test/reviews/auth-check") in hub.requests, "all are asked, not only the first"
    assert not hub.downloads() and not (folder / FOLDER / "sources").exists()


@needs_namespace
def test_what_was_not_fetched_is_told_at_once(gated, place):
    _, run = place
    done = run(network=False)
    assert done.returncode != 0
    assert "has not been fetched, and the hub cannot be reached from here" in said(done)
    assert "run `snakemake fetch --cores 1 --configfile …` with this study's config where there is internet" in said(
        done
    )


def test_a_plain_run_fetches_by_itself(make_copy):
    jobs = make_copy("plain").planned(study=STUDY)
    assert (jobs["check_access"], jobs["fetch_source"], jobs["train_method"]) == (1, 3, 11)


def test_a_study_made_here_has_nothing_to_download(make_copy):
    copy = make_copy("made_here")
    for _ in range(2):
        done = copy.run("fetch")
        assert done.returncode == 0, said(done)
        assert "Study 'tiny' uses no model or data set from the hub: there is nothing to download." in said(done)
    assert not (copy.folder / "results").exists()


@pytest.fixture(scope="module")
def fetched(gated, place, repositories):
    folder, run = place
    with FakeHub(*repositories) as hub:
        done = run("fetch", hub=hub)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return folder, run, done, hub


def test_what_was_fetched_is_recorded(fetched):
    folder, _, done, hub = fetched
    record = json.loads((folder / FOLDER / "sources/backbones/encoder.json").read_text(encoding="utf-8"))
    assert record["revision"] == COMMIT and record["revision_asked"] == "main"
    assert set(record["files"]) >= {"config.json", "model.safetensors"}
    assert not any("pytorch_model.bin" in path for path in hub.downloads())
    assert f"tasks/reviews: test/reviews at commit {COMMIT[:12]}, 3 files" in said(done)
    assert "prepare_task" not in said(done) and "fetch_backbone" not in said(done), "fetching does nothing else"


@needs_namespace
def test_the_study_runs_without_a_network(fetched):
    folder, run, _, _ = fetched
    done = run(network=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    results = json.loads((folder / FOLDER / "results.json").read_text(encoding="utf-8"))
    assert len(results["runs"]) == 11 and all(run["predict"] for run in results["runs"])
    assert results["backbones"]["decoder"]["revision"] == COMMIT
    assert results["tasks"]["reviews"]["facts"]["revision"] == COMMIT
    assert (folder / FOLDER / "report.pdf").exists()


@needs_namespace
def test_a_file_that_is_gone_is_told(fetched):
    folder, run, _, _ = fetched
    model = folder / FOLDER / "backbones/encoder/model"
    assert model.exists(), "the study has run"
    weights = (model / "model.safetensors").resolve()
    weights.rename(weights.with_suffix(".away"))
    target = f"{FOLDER}/runs/reviews/roberta_lora/1/train.json"
    done = run(target, "--forcerun", "train_method", network=False)
    assert done.returncode != 0 and "which this machine does not have: it has not been fetched" in said(done)
    done = run(f"{FOLDER}/backbones/encoder/backbone.json", "--forcerun", "fetch_backbone", network=False)
    assert done.returncode != 0 and "'test/encoder' has not been fetched completely: commit c0ffee000000" in said(done)
    assert "run `snakemake fetch --cores 1 --configfile …`" in said(done)
