"""What each method trains, and its settings."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.reporting.table import Cell, Head, Table, number, numeric, plain, text
from fineprint.results.lookup import Study, class_variable, is_trained, train_value
from fineprint.scoring.statistics import share_with_interval

FLAGGED = ("collapsed", "not run")
TRAINING_COLUMNS = {
    "epochs": "Epochs",
    "learning_rate": "Learning rate",
    "batch_size": "Batch",
    "gradient_accumulation_steps": "Micro-batches",
    "weight_decay": "Weight decay",
    "warmup_ratio": "Warm-up",
    "max_grad_norm": "Clip",
    "optimizer": "Optimizer",
    "mixed_precision": "Mixed precision",
}


def name_cells(study: Study, task: str | None, method: str, link: bool = True) -> list[Cell]:
    """Return a method's number and title; a collapsed or missing run is marked."""
    style = "flagged" if task is not None and study.status(task, method) in FLAGGED else ""
    position = study.numbers[method]
    where = f"#method-{method}" if link else ""
    return [text(position, sort=position, style="ordinal"), text(study.title(method), style=style, link=where)]


def own_settings(part: dict[str, Any]) -> str:
    """Write an adapter's or readout's settings; its kind, and what is tried beside it, stand elsewhere."""
    return formats.setting({key: value for key, value in part.items() if key not in ("kind", "trials")})


def describe_part(package: str, part: dict[str, Any]) -> str:
    """Write a choice on one axis: its title and, where it has any, its settings."""
    title = class_variable(package, part["kind"], "title", part["kind"])
    settings = own_settings(part)
    return f"{title} ({settings})" if settings else title


def methods_table(study: Study) -> Table:
    """Return the three choices that make each method."""
    rows = []
    for method in study.methods:
        settings = study.settings(method)
        cells = name_cells(study, None, method, link=False)
        cells[1] = Cell(cells[1].text, style="anchor", link=f"method-{method}")
        rows.append(
            [
                *cells,
                text(settings["backbone"], style="code"),
                text(describe_part("adapters", settings["adapter"])),
                text(describe_part("readouts", settings["readout"])),
                text(settings["precision"], style="code"),
            ]
        )
    caption = "Every method is one choice on each of three axes, on a backbone. Its number stands for it in figures."
    columns = plain(
        "No.", "Method", "Backbone", "Adapter: how it is changed", "Readout: how the answer is read", "Precision"
    )
    return Table("methods", caption, columns, rows, widths=[5, 21, 12, 28, 22, 12])


def axis_table(study: Study, package: str, key: str) -> Table:
    """Return what each adapter, or each readout, of the study does, in its own file's words."""
    users: dict[str, list[int]] = {}
    for method in study.methods:
        users.setdefault(study.settings(method)[key]["kind"], []).append(study.numbers[method])
    rows = [
        [
            text(class_variable(package, kind, "title", kind), style="strong"),
            text(class_variable(package, kind, "explanation", "No explanation is kept with this kind.")),
            text(", ".join(str(position) for position in positions)),
        ]
        for kind, positions in users.items()
    ]
    caption = f"{key.capitalize()}s of this study, explained."
    columns = plain(
        key.capitalize(), "What is trained, and what is kept" if key == "adapter" else "How it works", "Methods"
    )
    return Table(f"{package}-explained", caption, columns, rows, widths=[18, 68, 14])


def training_table(study: Study) -> Table:
    """Return the training settings in which the methods differ; what all have in common is said in the caption."""
    trained = {m: study.settings(m) for m in study.methods if study.settings(m).get("training")}
    values = {m: {"max_length": kept.get("max_length"), **kept["training"]} for m, kept in trained.items()}
    labels = {"max_length": "Max tokens", **TRAINING_COLUMNS}
    differing = [key for key in labels if len({str(kept.get(key)) for kept in values.values()}) > 1]
    rows = [
        [*name_cells(study, None, method), *(setting_cell(kept.get(key)) for key in differing)]
        for method, kept in values.items()
    ]
    columns = [
        *plain("No.", "Method"),
        *(
            column
            for key in differing
            for column in setting_column(labels[key], [kept[key] for kept in values.values()])
        ),
    ]
    first = next(iter(values.values()), {})
    same = [f"{labels[key].lower()} {formats.setting(first.get(key))}" for key in labels if key not in differing]
    caption = (
        "Training settings. One optimizer step sees batch × micro-batches rows; warm-up is a share of all steps, then "
        "the rate falls to 0."
        + (f" The same for every method that is trained: {', '.join(same)}." if first and same else "")
        + untrained_limits(study)
    )
    return Table("training-settings", caption, columns, rows, style="compact")


def untrained_limits(study: Study) -> str:
    """Return the limit of tokens of each method without training, as a sentence; empty where there is none."""
    settings = {method: study.settings(method) for method in study.methods}
    found = [
        f"No. {study.numbers[method]} {formats.setting(kept.get('max_length'))}"
        for method, kept in settings.items()
        if not kept.get("training")
    ]
    return f" Max tokens of methods without training: {', '.join(found)}." if found else ""


def setting_column(label: str, values: list[Any]) -> list[Head]:
    """Return a column's head, aligned for what stands below."""
    return numeric(label) if all(isinstance(value, int | float) for value in values) else plain(label)


def setting_cell(value: Any) -> Cell:
    """Return a setting, sortable if it is a number."""
    return text(formats.setting(value), sort=value if isinstance(value, int | float) else str(value))


def training_rows_table(study: Study, task: str) -> Table | None:
    """Return on how many rows each method was trained, what was cut, and which epoch was kept."""
    rows, evaluated = [], study.measures_accuracy(task)
    for method in study.methods:
        run = study.run(task, method)
        if is_trained(run):
            seen = [number(train_value(run, key), formats.count) for key in ("rows", "held_out_rows", "truncated_rows")]
            epochs = train_value(run, "epochs")
            kept = epoch_cells(epochs, train_value(run, "best_epoch"), evaluated, train_value(run, "held_out_rows"))
            rows.append([*name_cells(study, task, method), *seen, *kept])
    columns = [
        *plain("No.", "Method"),
        *numeric(
            *("Rows", "Held out", "Truncated", "Epochs", "Kept", *(["Held-out accuracy"] if evaluated else [])),
            *("Held-out loss", "Seconds per epoch"),
        ),
    ]
    caption = (
        f"Training on “{task}”: rows seen, rows cut at the token limit, and the epoch that was kept with its "
        "figures on held-out rows, the accuracy with its 95 % Wilson interval."
    )
    return Table(f"epochs-{task}", caption, columns, rows, style="compact") if rows else None


def epoch_cells(epochs: list[dict[str, Any]], best: int | None, evaluated: bool, rows: int) -> list[Cell]:
    """Return the cells on the epoch that was kept, its accuracy on held-out rows only where it was evaluated."""
    kept = next((epoch for epoch in epochs if epoch["epoch"] == best), None)
    mean = sum(epoch["seconds"] for epoch in epochs) / len(epochs) if epochs else None
    return [
        number(len(epochs), formats.count),
        number(best, formats.count),
        *(
            [number(kept["held_out_accuracy"] if kept else None, lambda share: write_share(share, rows))]
            if evaluated
            else []
        ),
        number(kept["held_out_loss"] if kept else None, formats.three_digits),
        number(mean, formats.seconds),
    ]


def write_share(share: float, rows: int | None) -> str:
    """Write an accuracy with its interval where the number of its rows is known."""
    return share_with_interval(share, rows) if rows else formats.accuracy(share)


def notes(study: Study, task: str) -> list[dict[str, str]]:
    """Return the notes that jobs left about choices made on the way, with the methods that left them."""
    found: dict[str, list[int]] = {}
    for method in study.methods:
        run = study.run(task, method)
        for record in (run["train"], run["predict"]) if run else ():
            for note in (record or {}).get("notes", []):
                if study.numbers[method] not in found.setdefault(note, []):
                    found[note].append(study.numbers[method])
    return [{"note": note, "methods": name_numbers(numbers)} for note, numbers in found.items()]


def name_numbers(numbers: list[int]) -> str:
    """Write methods by their numbers: method 3, methods 1, 2 and 4."""
    return f"method{'' if len(numbers) == 1 else 's'} {formats.join([str(position) for position in numbers])}"
