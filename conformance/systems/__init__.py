"""Reaching a system under test: command, HTTP, Python function, recording; protocol 1; defects at the wire."""

from conformance.systems.defect import Defect, Defective, Trigger, read_defects
from conformance.systems.doctor import Examination, Examined, examine, reached
from conformance.systems.pool import Pool
from conformance.systems.reaching import Conversation, connect, opener
from conformance.systems.session import Hello, Session

__all__ = [
    "Conversation",
    "Defect",
    "Defective",
    "Examination",
    "Examined",
    "Hello",
    "Pool",
    "Session",
    "Trigger",
    "connect",
    "examine",
    "opener",
    "reached",
    "read_defects",
]
