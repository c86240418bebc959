"""What a training under way consists of, taken out of its loop for a checkpoint and put back into another loop.

Everything is put back in place, into the tensors that exist: captured passes go on reading the same memory. So this
comes after recording, which runs the model and so changes the random state, and may zero the optimizer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from signal import Signals
from typing import TYPE_CHECKING, Any

from fineprint.core.progress import logger
from fineprint.core.records import CurvePoint, Epoch, Phase, make_record
from fineprint.jobs.interruption import Interrupted
from fineprint.measuring.phases import Meter, gather_phase, join_phases
from fineprint.training.checkpoints import Checkpoints, Saved, Tensors

if TYPE_CHECKING:
    import torch

    from fineprint.training.loop import Loop
    from fineprint.training.stepping import Stepper

# Of a loop and of its outcome, what is plain values already, or a record made of them.
LOOP = ("epoch", "step", "update", "best")
OUTCOME = {"epochs": list[Epoch], "steps": list[CurvePoint], "best_epoch": int, "resumed_from_steps": list[int]}


@dataclass
class Keeper:
    """Writes a loop's checkpoints and finds the one to go on from.

    Attributes:
        checkpoints: of the run.
        meter: of the training as far as this process does it.
        earlier: what the parts of the training before this process measured.
    """

    checkpoints: Checkpoints
    meter: Meter
    earlier: Phase | None = None

    def keep(self, loop: Loop) -> None:
        """Write a checkpoint if one is due or the training was asked to stop.

        Raises:
            Interrupted: it was.
        """
        processes = loop.stepper.processes
        # A signal may reach the processes between different steps; when the time has come the first one's clock says.
        number, due = processes.highest(loop.request.number, processes.writes and self.checkpoints.due)
        if not (number or due):
            return
        written = self.save(loop)
        if number:
            place = f"by {Signals(number).name} at step {loop.update} of {loop.stepper.schedule.updates}"
            kept = f"its state is kept in {self.checkpoints.folder}, and the next run resumes from there"
            end = kept if written else "its state could not be kept"
            raise Interrupted(f"{loop.progress.name} was stopped {place}; {end}", number)

    def save(self, loop: Loop) -> bool:
        """Write a checkpoint of the loop as it stands between two steps; on a GPU this waits until its work is done."""
        processes = loop.stepper.processes
        so_far = join_phases(self.earlier, gather_phase(processes, self.meter.read()))
        # Every process has dropout of its own; the first writes them all.
        random = processes.gather(random_states())
        tensors = {
            "weights": {name: gathered(loop.stepper, name, p) for name, p in loop.stepper.trained.items()},
            "best": {name: gathered(loop.stepper, name, tensor) for name, tensor in loop.best_state.items()},
            "optimizer": optimizer_tensors(loop.stepper),
            "random": {f"{n}.{key}": state for n, states in enumerate(random) for key, state in states.items()},
        }
        state = {**describe_loop(loop), "phase": so_far}
        return processes.gather(processes.writes and self.checkpoints.write(loop.update, state, tensors))[0]

    def resume(self, loop: Loop) -> None:
        """Put the newest checkpoint, if there is one, into a loop that has taken no step yet."""
        saved, processes = self.checkpoints.read(), loop.stepper.processes
        if not all(processes.gather(saved is not None)):  # asked of all: one that cannot read it must not go alone
            return
        assert saved is not None
        self.earlier = make_record(saved.state["phase"], Phase, "the checkpoint's phase")
        fill_weights(loop, saved)
        fill_optimizer(loop.stepper, saved)
        fill_loop(loop, saved)
        # Last, since what comes before, the optimizer's made-up step for one, may draw.
        fill_random_states(saved.tensors["random"], processes.number)
        updates = loop.stepper.schedule.updates
        loop.outcome.resumed_from_steps.append(loop.update)
        loop.stepper.notes.append(
            f"Training was interrupted and went on from its checkpoint at step {loop.update} of {updates}; time, "
            "energy and peak memory are those of all its parts, each step counted once."
        )
        logger.info("%s · resumes from the checkpoint at step %d/%d", loop.progress.name, loop.update, updates)


def describe_loop(loop: Loop) -> dict[str, Any]:
    """Return all that is no tensor, or a single number, as plain values."""
    stepper = loop.stepper
    scaler = stepper.accelerator.scaler
    return {
        **{name: getattr(loop, name) for name in LOOP},
        "outcome": {name: getattr(loop.outcome, name) for name in OUTCOME},
        "notes": stepper.notes,
        "gradient_bytes": stepper.gradient_bytes,
        "optimizer_bytes": stepper.optimizer_bytes,
        "epoch_loss": float(loop.epoch_loss),
        "epoch_seconds": loop.epoch_seconds,
        "curve": [[float(loss), rate] for loss, rate in loop.curve],
        "optimizer": optimizer_numbers(stepper),
        "scaler": scaler.state_dict() if scaler is not None else None,
    }


def fill_loop(loop: Loop, saved: Saved) -> None:
    """Put back position, history, learning rate and loss scale."""
    import torch

    state, stepper = saved.state, loop.stepper
    for name in LOOP:
        setattr(loop, name, state[name])
    for name, kind in OUTCOME.items():
        setattr(loop.outcome, name, make_record(state["outcome"][name], kind, f"the checkpoint's {name}"))
    loop.best = tuple(state["best"])
    loop.best_state = {name: own(stepper, name, tensor) for name, tensor in saved.tensors["best"].items()}
    loop.epoch_loss, loop.seconds_before = state["epoch_loss"], state["epoch_seconds"]
    device = stepper.accelerator.device
    loop.curve = [(torch.tensor(loss, device=device), rate) for loss, rate in state["curve"]]
    loop.progress.begin_at(loop.update)
    stepper.gradient_bytes, stepper.optimizer_bytes = state["gradient_bytes"], state["optimizer_bytes"]
    # What this start noted, such as how a step is cut, is often what the first one did: each is told once.
    stepper.notes[:] = dict.fromkeys([*state["notes"], *stepper.notes])
    stepper.schedule.update = loop.update
    stepper.schedule.set_rate(stepper.schedule.rate)
    if stepper.accelerator.scaler is not None:
        stepper.accelerator.scaler.load_state_dict(state["scaler"])


def fill_weights(loop: Loop, saved: Saved) -> None:
    """Put back every trained weight: of a prompt also what computes it, which a saved model lacks."""
    import torch

    with torch.no_grad():
        for name, parameter in loop.stepper.trained.items():
            parameter.copy_(own(loop.stepper, name, saved.tensors["weights"][name]))


def optimizer_states(stepper: Stepper) -> dict[str, dict[str, Any]]:
    """Return the optimizer's state of each parameter that has one, by the parameter's number."""
    parameters = [parameter for group in stepper.optimizer.param_groups for parameter in group["params"]]
    states = stepper.optimizer.state
    return {str(number): states[p] for number, p in enumerate(parameters) if states.get(p)}


def trained_name(stepper: Stepper, number: str, value: torch.Tensor) -> str | None:
    """Return the name of the optimizer's parameter of a number, where a value has its shape, else None."""
    parameters = [parameter for group in stepper.optimizer.param_groups for parameter in group["params"]]
    parameter = parameters[int(number)]
    names = (name for name, trained in stepper.trained.items() if trained is parameter)
    return next(names) if value.shape == parameter.shape else None


def gathered(stepper: Stepper, name: str | None, value: torch.Tensor) -> torch.Tensor:
    """Return a copy, in the computer's memory, of a value that belongs to a trained parameter; where processes hold
    parts of it, they are put together in the first, and others have nothing to write."""
    if stepper.shards is None or name not in stepper.shards.parts:
        return copy(value)
    joined = stepper.shards.join(name, value)
    return joined if joined is not None else value.new_empty(0)


def own(stepper: Stepper, name: str | None, saved: torch.Tensor) -> torch.Tensor:
    """Return what this process holds of what `gathered` returned in the process that wrote it."""
    if stepper.shards is None or name not in stepper.shards.parts:
        return saved
    return stepper.shards.own_part(saved)


def optimizer_tensors(stepper: Stepper) -> Tensors:
    """Return copies of the tensors in the optimizer's state, named by parameter and key."""
    import torch

    return {
        f"{number}.{key}": gathered(stepper, trained_name(stepper, number, value), value)
        for number, state in optimizer_states(stepper).items()
        for key, value in state.items()
        if isinstance(value, torch.Tensor)
    }


def optimizer_numbers(stepper: Stepper) -> dict[str, float]:
    """Return the rest of the optimizer's state, named likewise."""
    import torch

    return {
        f"{number}.{key}": value
        for number, state in optimizer_states(stepper).items()
        for key, value in state.items()
        if not isinstance(value, torch.Tensor)
    }


def fill_optimizer(stepper: Stepper, saved: Saved) -> None:
    """Put back the optimizer's state, into tensors that the optimizer made itself: some lie in memory of their own
    kind."""
    tensors, numbers = saved.tensors["optimizer"], saved.state["optimizer"]
    make_states(stepper, {int(name.split(".")[0]) for name in tensors})
    states = optimizer_states(stepper)
    # The step that made the state may still be at it.
    wait_for_gpu()
    for name, value in tensors.items():
        number, key = name.split(".", 1)
        state = states[number][key]
        state.copy_(own(stepper, trained_name(stepper, number, state), value))
    for name, value in numbers.items():
        number, key = name.split(".", 1)
        states[number][key] = value


def make_states(stepper: Stepper, wanted: set[int]) -> None:
    """Let the optimizer make the state of these parameters, where it has none yet, by a step of rate and gradients 0.

    It changes state that exists, too, which is filled next, and moves no weight.
    """
    import torch

    if len(optimizer_states(stepper)) == len(wanted):
        return
    parameters = [parameter for group in stepper.optimizer.param_groups for parameter in group["params"]]
    for number in wanted:
        if parameters[number].grad is None:
            parameters[number].grad = torch.zeros_like(parameters[number])
    stepper.schedule.set_rate(0.0)
    # accelerate's own step would want a loss to have been scaled.
    getattr(stepper.optimizer, "optimizer", stepper.optimizer).step()
    stepper.clear_gradients()


def random_states() -> Tensors:
    """Return the state of what dropout draws from; batches are drawn anew from seed and epoch."""
    import torch

    states = {"cpu": torch.get_rng_state()}
    return states | ({"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {})


def fill_random_states(states: Tensors, number: int) -> None:
    """Put back what `random_states` returned in the process of this number; one that was not there draws anew."""
    import torch

    if f"{number}.cpu" in states:
        torch.set_rng_state(states[f"{number}.cpu"])
    if torch.cuda.is_available() and f"{number}.cuda" in states:
        torch.cuda.set_rng_state(states[f"{number}.cuda"])


def copy(tensor: torch.Tensor) -> torch.Tensor:
    """Return a copy in the computer's memory that shares none of it: some states share tables."""
    return tensor.detach().to("cpu", copy=True).contiguous()


def wait_for_gpu() -> None:
    """Wait until a GPU has done its work: memory that it shares with the computer must not be written meanwhile."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
