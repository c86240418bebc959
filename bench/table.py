"""The table of the comparison, made from results.json: what each row compares, ratios, shares, when it was measured."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

Results = dict[str, dict[str, Any]]
Place = tuple[str, str]  # a group and one of its parts

ENCODER, DECODER, LEAN = "fineprint_encoder", "fineprint_decoder", "fineprint_lean"
THEIR_ENCODER, THEIR_DECODER = "assignment_encoder", "assignment_decoder"


@dataclass(frozen=True)
class Pair:
    """A row: two parts, the ratio wanted, and the peak that ours may have in GB, where these are wanted."""

    work: str
    ours: Place
    theirs: Place
    wanted: float | None = None
    gigabytes: float | None = None


PAIRS = (
    Pair("full fine-tuning, batch 8", (ENCODER, "full_8"), (THEIR_ENCODER, "full"), 4.5),
    Pair("full fine-tuning, batch 64", (ENCODER, "full_64"), (THEIR_ENCODER, "full"), 14),
    Pair("LoRA, batch 8", (ENCODER, "lora_8"), (THEIR_ENCODER, "lora"), 9),
    Pair("LoRA, batch 64", (ENCODER, "lora_64"), (THEIR_ENCODER, "lora"), 24),
    Pair("P-Tuning, batch 8", (ENCODER, "p_tuning_8"), (THEIR_ENCODER, "p_tuning"), 4),
    Pair("P-Tuning, batch 64", (ENCODER, "p_tuning_64"), (THEIR_ENCODER, "p_tuning"), 15),
    Pair("prediction, RoBERTa-large", (ENCODER, "prediction"), (THEIR_ENCODER, "prediction"), 8),
    Pair("zero-shot, Llama 3 8B", (DECODER, "zero_shot"), (THEIR_DECODER, "zero_shot"), 160),
    Pair("one-shot, Llama 3 8B", (DECODER, "one_shot"), (THEIR_DECODER, "one_shot"), 110),
    Pair("QLoRA generation, 16 per step", (DECODER, "qlora_generation"), (THEIR_DECODER, "qlora_generation"), 10),
    Pair("QLoRA head, 16 per step", (DECODER, "qlora_head"), (THEIR_DECODER, "qlora_head"), 10),
    Pair("QLoRA generation, `memory: lean`", (LEAN, "qlora_generation"), (THEIR_DECODER, "qlora_generation"), 3, 8.5),
    Pair("QLoRA head, `memory: lean`", (LEAN, "qlora_head"), (THEIR_DECODER, "qlora_head"), 3, 8.5),
    Pair("`Trainer` by length, bf16, full, batch 8", ("alternatives", "full_8"), (THEIR_ENCODER, "full")),
    Pair("`Trainer` by length, bf16, full, batch 64", ("alternatives", "full_64"), (THEIR_ENCODER, "full")),
    Pair("`Trainer` by length, bf16, LoRA, batch 8", ("alternatives", "lora_8"), (THEIR_ENCODER, "lora")),
    Pair("`Trainer` by length, bf16, LoRA, batch 64", ("alternatives", "lora_64"), (THEIR_ENCODER, "lora")),
    Pair("… and compiled layer by layer, full, batch 64", ("compiled", "full_64_by_layer"), (THEIR_ENCODER, "full")),
    Pair("… and compiled whole, full, batch 64", ("compiled", "full_64_whole"), (THEIR_ENCODER, "full")),
)
HEAD = ("work", "Fineprint", "assignment", "ratio", "target", "met", "MFU", "peak GB", "assignment's peak GB")


def read_results(folder: Path) -> Results:
    """Return what compare.py has written to its folder, by group."""
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def find(results: Results, place: Place) -> dict[str, Any]:
    """Return what a part measured; nothing where it was not run, or failed."""
    group, part = place
    return results.get(group, {}).get("parts", {}).get(part, {})


def reason(results: Results, place: Place) -> str:
    """Return why a part has no figure."""
    group = results.get(place[0])
    if group is None:
        return "not run"
    if "failed" in find(results, place):
        return "failed"
    return f"not finished in {group['seconds']:.0f} s"


def compare(results: Results) -> list[dict[str, Any]]:
    """Return the table's rows as plain data; what was not measured is None, and `why` says why not."""
    rows = []
    for pair in PAIRS:
        ours, theirs = find(results, pair.ours), find(results, pair.theirs)
        speed, slow = ours.get("per_second"), theirs.get("per_second")
        ratio = speed / slow if speed and slow else None
        rows.append(
            {
                "work": pair.work,
                "ours": speed,
                "theirs": slow,
                "ratio": ratio,
                "wanted": pair.wanted,
                "met": None if ratio is None or pair.wanted is None else ratio >= pair.wanted,
                "share": share_of_rate(results, pair.ours),
                "peak": ours.get("peak_bytes"),
                "peak_wanted": pair.gigabytes,
                "their_peak": theirs.get("peak_bytes"),
                "learning_rate": ours.get("learning_rate"),
                "why": [
                    f"{side} rate {reason(results, place)}"
                    for side, place in (("first", pair.ours), ("second", pair.theirs))
                    if not find_rate(results, place)
                ],
                "runs": sorted({started(results, place) for place in (pair.ours, pair.theirs)} - {""}),
            }
        )
    return rows


def find_rate(results: Results, place: Place) -> float | None:
    """Return a part's rate."""
    return find(results, place).get("per_second")


def started(results: Results, place: Place) -> str:
    """Return when the run that a part belongs to was started; nothing where it was not run."""
    return results.get(place[0], {}).get("about", {}).get("started", "")


def share_of_rate(results: Results, place: Place) -> float | None:
    """Return the share that useful arithmetic, padding left out, makes up of what the GPU reached in a large product
    of matrices in the same process."""
    part, about = find(results, place), results.get(place[0], {}).get("about", {})
    if not (part.get("per_second") and part.get("operations") and about.get("matmul_rate")):
        return None
    return part["per_second"] * part["operations"] / about["matmul_rate"]


def describe_runs(results: Results) -> list[dict[str, Any]]:
    """Return each run that groups belong to: its letter, date, commit, gpu, versions, and the GPU's rates."""
    found: dict[str, list[dict[str, Any]]] = {}
    for group in results.values():
        if group.get("about"):
            found.setdefault(group["about"]["started"], []).append(group["about"])
    return [
        {
            **abouts[0],
            "letter": chr(ord("a") + number),
            "when": f"{datetime.fromisoformat(start):%d %B %Y, %H:%M} UTC".lstrip("0"),
            "rates": sorted(about["matmul_rate"] for about in abouts if about["matmul_rate"]),
        }
        for number, (start, abouts) in enumerate(sorted(found.items()))
    ]


def table_lines(results: Results) -> list[list[str]]:
    """Return the table as texts, its head first; a column says which run a row is from, where there were several."""
    runs = {run["started"]: run["letter"] for run in describe_runs(results)}
    several = len(runs) > 1
    lines = [[*HEAD, *(["run"] if several else [])]]
    for row in compare(results):
        met = {True: "yes", False: "no", None: "–"}[row["met"]]
        wanted = f"≥ {row['wanted']:g} ×" if row["wanted"] else "–"
        peak = giga(row["peak"]) + (f" (≤ {row['peak_wanted']:g})" if row["peak_wanted"] else "")
        ours = number(row["ours"]) if row["ours"] else row["why"][0].partition(" rate ")[2]
        cells = [row["work"], ours, number(row["theirs"]), times(row["ratio"]), wanted, met, percent(row["share"])]
        cells += [peak, giga(row["their_peak"])]
        lines.append([*cells, *([", ".join(runs[start] for start in row["runs"]) or "–"] if several else [])])
    return lines


def number(value: float | None) -> str:
    """Return a rate, or a dash."""
    return "–" if value is None else f"{value:,.2f}" if value < 5 else f"{value:,.1f}"


def times(value: float | None) -> str:
    """Return a ratio, or a dash."""
    return "–" if value is None else f"{value:.0f} ×" if value >= 100 else f"{value:.1f} ×"


def percent(value: float | None) -> str:
    """Return a share, or a dash."""
    return "–" if value is None else f"{100 * value:.0f} %"


def giga(value: float | None) -> str:
    """Return bytes in GB, or a dash."""
    return "–" if value is None else f"{value / 1e9:.1f}"


def markdown(lines: list[list[str]]) -> str:
    """Return lines, the head first, as a Markdown table."""
    head, *rows = lines
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])
