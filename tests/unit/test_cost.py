"""What the report says of time, memory and energy."""

from example_results import make_results
from fineprint.reporting.sections.cost import parts_table, phases_table
from fineprint.results.lookup import Study


def test_a_gpu_s_workspace_and_energy_are_shown_where_they_were_measured():
    results = make_results()
    plain_study = Study(results)
    task = plain_study.tasks[0]
    titles = [column.title for column in parts_table(plain_study, task).columns]
    assert "Micro-batch" in titles and "Workspace" not in titles
    assert "Energy" not in [column.title for column in phases_table(plain_study, task).columns]
    for run in results["runs"]:
        if run["train"] and run["train"]["trained"]:
            run["train"] |= {"workspace_bytes": 3_000_000, "micro_batch": 4, "gradient_checkpointing": True}
            run["train"]["phases"]["training"]["energy_joules"] = 9022.6
    study = Study(results)
    parts = parts_table(study, task)
    assert "Workspace" in [column.title for column in parts.columns]
    words = {cell.text for row in parts.rows for cell in row}
    assert {"4 ↻", "3.00\u00a0MB"} <= words
    phases = {cell.text for row in phases_table(study, task).rows for cell in row}
    assert "9.02\u00a0kJ" in phases and "not measured" in phases, "prediction's energy was not measured"
