"""What torchrun starts for test_processes.py: trainings shared by processes. The first writes what came out as JSON.

Arguments: folder of the encoder, the task as JSON, folder to write into.
"""

import json
import signal
import sys
from pathlib import Path

import psutil
import torch

from fineprint.assembly import assemble_for_training, make_readout
from fineprint.checkpoints import Checkpoints
from fineprint.interruption import Interrupted
from fineprint.loading import import_libraries
from fineprint.measuring import Meter
from fineprint.processes import join_processes, leave_processes
from fineprint.resuming import Keeper
from fineprint.tasks import Row
from fineprint.training import Loop, train
from test_methods import make_method

COMBINATIONS = [(adapter, readout) for adapter in ("full", "lora") for readout in ("classifier", "linear_head")]


def make_rows():
    """Rows of different lengths, one more than whole steps hold: in the last step one process has none."""
    texts = [("a dog sleeps .", 0), ("a cat runs big .", 1), ("not a dog .", 2)]
    return [
        Row(str(n), {"premise": "the dog runs " * (1 + n % 4), "hypothesis": texts[n % 3][0]}, texts[n % 3][1], str(n))
        for n in range(25)
    ]


def run(backbone, task, adapter, readout, dropout=False, keeper=None):
    """Train two epochs of four steps; return the outcome and the trained weights."""
    method, rows = make_method(adapter, readout, "encoder"), make_rows()
    reader = make_readout(method, backbone, task, rows, seed=1)
    assembled = assemble_for_training(method, reader, backbone, seed=1)
    for module in assembled.module.modules():
        if isinstance(module, torch.nn.Dropout) and not dropout:
            module.p = 0.0
    features = [reader.encode(row, with_answer=True) for row in rows]
    outcome = train(assembled, features, features[:9], seed=1, name="test", keeper=keeper)
    return outcome, {n: p.detach() for n, p in assembled.module.named_parameters() if p.requires_grad}


def describe(outcome, weights):
    """What the processes must agree on with one process, or with a training that was not interrupted."""
    epochs = [{key: value for key, value in epoch.items() if key != "seconds"} for epoch in outcome.epochs]
    norms = {name: float(weight.double().square().sum()) for name, weight in weights.items()}
    return {"steps": outcome.steps, "epochs": epochs, "best": outcome.best_epoch, "norms": norms}


def make_keeper(folder):
    meter = Meter()
    meter.sampler.stop()
    return Keeper(Checkpoints(folder / "checkpoints/s/t/m/1", 60.0, {}), meter)


def stop_second_process(backbone, task, folder):
    """Send SIGTERM to the second process alone, after its third step: all stop there."""
    take = Loop.take_step

    def take_and_stop(self, rows):
        loss = take(self, rows)
        if self.update == 2 and join_processes().number == 1:
            signal.raise_signal(signal.SIGTERM)
        return loss

    Loop.take_step = take_and_stop
    try:
        run(backbone, task, "full", "classifier", dropout=True, keeper=make_keeper(folder))
    except Interrupted as stop:
        return str(stop)
    finally:
        Loop.take_step = take
    return "not stopped"


def gloo_threads():
    """The threads of this process that serve messages to others."""
    return [thread.id for thread in psutil.Process().threads() if "gloo" in name_of(thread.id)]


def name_of(thread):
    try:
        return Path(f"/proc/self/task/{thread}/comm").read_text()
    except OSError:
        return ""  # it has just ended


def main():
    backbone, task, folder = Path(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3])
    processes = join_processes()
    torch.set_num_threads(1)
    import_libraries()
    found = {f"{a} {r}": describe(*run(backbone, task, a, r)) for a, r in COMBINATIONS}
    found["whole"] = describe(*run(backbone, task, "full", "classifier", dropout=True))
    stopped = processes.gather(stop_second_process(backbone, task, folder))
    outcome, weights = run(backbone, task, "full", "classifier", dropout=True, keeper=make_keeper(folder))
    found |= {"resumed": describe(outcome, weights), "from": outcome.resumed_from_steps, "notes": outcome.notes}
    everyone = processes.gather(found["whole"]["norms"])
    found |= {"stopped": stopped, "count": processes.count, "same_weights": all(one == everyone[0] for one in everyone)}
    spoke = gloo_threads()
    leave_processes()
    if processes.writes:
        found |= {"threads": [len(spoke), len(gloo_threads())]}
        (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
