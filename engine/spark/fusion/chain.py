"""A plan as a chain: the frame, and one step after the other upon it. For anything else there is no rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, cast

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.frames.not_fusable import NotFusable
from sandbox.contract.settings import PLACEHOLDER


@dataclass(frozen=True, slots=True)
class Chain:
    """A plan that reads the frame once.

    Attributes:
        read: the read of the placeholder, with its plan id.
        steps: from the frame upwards; the input of each is what is before it. Their own `input` is empty.
    """

    read: pb.Relation
    steps: tuple[pb.Relation, ...]


def parse_chain(relation: pb.Relation) -> Chain:
    """Take a plan apart.

    Args:
        relation: rebuilt, with its views expanded.

    Raises:
        NotFusable: it is no chain, such as a join; or it does not read the frame.
    """
    steps: list[pb.Relation] = []
    here = relation
    while (kind := here.WhichOneof("rel_type")) != "read":
        body = getattr(here, str(kind))
        if "input" not in body.DESCRIPTOR.fields_by_name or not body.HasField("input"):
            raise NotFusable(f"a relation of several parts or none ({str(kind).replace('_', ' ')})")
        steps.append(_without_input(here, str(kind)))
        here = body.input
    if here.read.named_table.unparsed_identifier != PLACEHOLDER:
        raise NotFusable("a table other than the frame")
    return Chain(here, tuple(reversed(steps)))


def stack(base: pb.Relation, steps: Iterable[pb.Relation]) -> pb.Relation:
    """Put steps upon a relation."""
    for step in steps:
        raised = pb.Relation()
        raised.CopyFrom(step)
        cast(_Standing, body(raised)).input.CopyFrom(base)
        base = raised
    return base


class _Standing(Protocol):
    """What a step says that stands upon a relation."""

    @property
    def input(self) -> pb.Relation: ...


def body(step: pb.Relation) -> Message:
    """The message of a step that says what it does."""
    found: Message = getattr(step, str(step.WhichOneof("rel_type")))
    return found


def _without_input(relation: pb.Relation, kind: str) -> pb.Relation:
    """A copy of one step, whose input may be a large plan."""
    copy = pb.Relation()
    copy.common.CopyFrom(relation.common)
    target = getattr(copy, kind)
    target.SetInParent()
    for field, value in getattr(relation, kind).ListFields():
        if field.name == "input":
            continue
        if (
            field.message_type is not None and field.message_type.GetOptions().map_entry
        ) or field.is_repeated:
            getattr(target, field.name).MergeFrom(value)
        elif field.message_type is not None:
            getattr(target, field.name).CopyFrom(value)
        else:
            setattr(target, field.name, value)
    return copy
