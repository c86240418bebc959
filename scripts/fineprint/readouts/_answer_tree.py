"""The tokens of all answers as a tree, so that they are read behind a prompt in one pass."""

from __future__ import annotations

from dataclasses import dataclass

ROOT = -1  # before the first token of an answer


@dataclass
class AnswerTree:
    """The tokens of all answers, beginnings that several share held once.

    Attributes:
        tokens: of the nodes, those that others stand behind first.
        parents: the node before each, or `ROOT`.
        paths: the nodes of each answer.
        inner: how many nodes others stand behind. The likelihoods of the answers need no more.
    """

    tokens: list[int]
    parents: list[int]
    paths: list[list[int]]
    inner: int

    def ancestors(self, node: int) -> list[int]:
        """Return a node and all nodes before it, the last first."""
        return [] if node == ROOT else [node, *self.ancestors(self.parents[node])]


def grow_tree(answers: list[list[int]]) -> AnswerTree:
    """Return the tree of answers given as token ids."""
    beginnings = dict.fromkeys(tuple(answer[: end + 1]) for answer in answers for end in range(len(answer)))
    inner = {beginning[:-1] for beginning in beginnings} & set(beginnings)
    # Likelihoods take the logits behind inner nodes alone: those first, so that the rest may stay unread.
    ordered = sorted(beginnings, key=lambda beginning: beginning not in inner)
    nodes = {beginning: number for number, beginning in enumerate(ordered)}
    return AnswerTree(
        [beginning[-1] for beginning in nodes],
        [nodes.get(beginning[:-1], ROOT) for beginning in nodes],
        [[nodes[tuple(answer[: end + 1])] for end in range(len(answer))] for answer in answers],
        len(inner),
    )


def end_answers(answers: list[list[int]], end: int) -> list[list[int]]:
    """Return answers as their likelihoods are compared: where one begins another, each with the end of text behind it.

    "positive" is part of every "positive mixed", so that it is never less likely; "positive" and nothing more may be.
    Where no answer begins another, ends are left out: what a model writes behind its answer, often a line break, says
    nothing of the label, and single tokens need no pass of their own.

    Args:
        answers: as token ids.
        end: of text, as the answers end that a model is trained on.
    """
    begin = any(one != other and other[: len(one)] == one for one in answers for other in answers)
    return [[*answer, end] for answer in answers] if begin else answers
