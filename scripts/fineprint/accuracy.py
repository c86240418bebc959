"""Whether a run's accuracy means anything. Weights or labels drawn at random allow to measure cost, not accuracy."""

from fineprint.backbones import BackboneSettings
from fineprint.tasks import TaskSettings


def why_no_accuracy(backbone: BackboneSettings, task: TaskSettings) -> str | None:
    """Return, as the end of a sentence, why a run's accuracy would mean nothing, or None where it does."""
    drawn = [
        *([] if backbone.pretrained else ["the weights"]),
        *([] if task.labels_mean_something else ["the labels"]),
    ]
    return f"{' and '.join(drawn)} are random" if drawn else None
