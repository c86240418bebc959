"""What torchrun starts for test_processes.py: trainings shared by processes. The first writes what came out as JSON.

Arguments: folder of the encoder, the task as JSON, folder to write into, folder of the decoder.
"""

import atexit
import json
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
from torch.distributed.fsdp import FSDPModule

from fineprint.core.records import as_mapping
from fineprint.inference.assembly import assemble_for_training, make_readout, save_trained
from fineprint.jobs.importing import import_libraries
from fineprint.jobs.interruption import Interrupted
from fineprint.jobs.processes import join_processes, leave_processes
from fineprint.measuring.phases import Meter
from fineprint.models.sharding import is_sharded
from fineprint.tasks import Row
from fineprint.training import evaluation
from fineprint.training.checkpoints import Checkpoints
from fineprint.training.loop import Loop, train
from fineprint.training.resuming import Keeper
from test_methods import make_method

COMBINATIONS = [(adapter, readout) for adapter in ("full", "lora") for readout in ("classifier", "linear_head")]
SPREAD = [
    ("full", "classifier", "encoder"),
    ("lora", "linear_head", "encoder"),
    ("p_tuning", "classifier", "encoder"),
    ("full", "generation", "decoder"),
]
CONTEXTS = []  # of each training with spread weights: in one context a layer's whole gradients are let go in time


def make_rows():
    """Rows of different lengths, one more than whole steps hold: in the last step one process has none."""
    texts = [("a dog sleeps .", 0), ("a cat runs big .", 1), ("not a dog .", 2)]
    return [
        Row(str(n), {"premise": "the dog runs " * (1 + n % 4), "hypothesis": texts[n % 3][0]}, texts[n % 3][1], str(n))
        for n in range(25)
    ]


def run(backbone, task, adapter, readout, dropout=False, keeper=None, architecture="encoder", spread=False, save=None):
    """Train two epochs of four steps; return the outcome and the trained weights as far as they are whole here. The
    first process saves what was trained into the folder `save`."""
    method, rows = make_method(adapter, readout, architecture), make_rows()
    again = architecture == "decoder"  # activations are computed again there
    training = method.training.model_copy(update={"shard_weights": spread, "gradient_checkpointing": again})
    method = method.model_copy(update={"training": training})
    reader = make_readout(method, backbone, task, rows, seed=1)
    assembled = assemble_for_training(method, reader, backbone, seed=1)
    for module in assembled.module.modules():
        if isinstance(module, torch.nn.Dropout) and not dropout:
            module.p = 0.0
    examples = [reader.encode(row, with_answer=True) for row in rows]
    outcome = train(assembled, examples, examples[:9], seed=1, name="test", keeper=keeper)
    if spread and join_processes().count > 1:
        layers = [part for part in assembled.module.modules() if isinstance(part, FSDPModule)]
        CONTEXTS.append(len({id(layer._get_fsdp_state()._comm_ctx) for layer in layers}))
    if save is not None and join_processes().writes:
        save_trained(assembled, save)
    trained = {n: p.detach() for n, p in assembled.module.named_parameters() if p.requires_grad}
    return outcome, {name: weight for name, weight in trained.items() if not is_sharded(weight)}


def describe(outcome, weights):
    """What the processes must agree on with one process, or with a training that was not interrupted."""
    epochs = [{key: value for key, value in as_mapping(epoch).items() if key != "seconds"} for epoch in outcome.epochs]
    norms = {name: float(weight.double().square().sum()) for name, weight in weights.items()}
    sizes = [outcome.weight_bytes, outcome.gradient_bytes, outcome.optimizer_bytes, outcome.activation_bytes]
    steps = [as_mapping(step) for step in outcome.steps]
    return {"steps": steps, "epochs": epochs, "best": outcome.best_epoch, "norms": norms, "sizes": sizes}


def make_keeper(folder, method="m"):
    meter = Meter()
    meter.sampler.stop()
    return Keeper(Checkpoints(folder / f"checkpoints/s/t/{method}/1", 60.0, {}), meter)


def stop_second_process(backbone, task, keeper, spread=False):
    """Send SIGTERM to the second process alone, after its third step: all stop there."""
    take = Loop.take_step

    def take_and_stop(self, rows):
        loss = take(self, rows)
        if self.update == 2 and join_processes().number == 1:
            signal.raise_signal(signal.SIGTERM)
        return loss

    Loop.take_step = take_and_stop
    try:
        run(backbone, task, "full", "classifier", dropout=True, keeper=keeper, spread=spread)
    except Interrupted as stop:
        return str(stop)
    finally:
        Loop.take_step = take
    return "not stopped"


def main():
    backbone, task, folder = Path(sys.argv[1]), SimpleNamespace(**json.loads(sys.argv[2])), Path(sys.argv[3])
    folders = {"encoder": backbone, "decoder": Path(sys.argv[4])}
    processes = join_processes()
    torch.set_num_threads(1)
    import_libraries()
    found = {f"{a} {r}": describe(*run(backbone, task, a, r)) for a, r in COMBINATIONS}
    found["whole"] = describe(*run(backbone, task, "full", "classifier", dropout=True))
    stopped = processes.gather(stop_second_process(backbone, task, make_keeper(folder)))
    outcome, weights = run(backbone, task, "full", "classifier", dropout=True, keeper=make_keeper(folder))
    found |= {"resumed": describe(outcome, weights), "from": outcome.resumed_from_steps, "notes": outcome.notes}
    for adapter, readout, kind in SPREAD:
        saved = folder / "saved" / adapter / readout
        outcome, weights = run(folders[kind], task, adapter, readout, architecture=kind, spread=True, save=saved)
        found[f"spread {adapter} {readout}"] = describe(outcome, weights) | {"notes": outcome.notes}
    found["contexts"] = CONTEXTS
    evaluation.token_budget = lambda limit: 40 + 30 * processes.number  # GPUs with unlike free memory
    found["uneven"] = describe(*run(backbone, task, "full", "classifier", spread=True))
    evaluation.token_budget = lambda limit: None
    stop_second_process(backbone, task, make_keeper(folder, "spread"), spread=True)
    keeper = make_keeper(folder, "spread")
    found["spread whole"] = describe(*run(backbone, task, "full", "classifier", dropout=True, spread=True))
    found["spread resumed"] = describe(
        *run(backbone, task, "full", "classifier", dropout=True, keeper=keeper, spread=True)
    )
    everyone = processes.gather(found["whole"]["norms"])
    found |= {"stopped": stopped, "count": processes.count, "same_weights": all(one == everyone[0] for one in everyone)}
    if processes.writes:
        (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")
    atexit.register((folder / "python_ended").touch)
    leave_processes(0)


if __name__ == "__main__":
    main()
