"""Lots: who is held out of a scenario for comparison, and who is in its trial; the same contact always draws the same.

Each scenario draws anew, so that nobody is left out of everything, and its hold-out apart from its trial.
"""

from __future__ import annotations

from hashlib import blake2b

BUCKETS = 10_000


def bucket(scenario: str, contact_id: int, salt: str) -> int:
    """The lot of a contact, 0–9999: for ever the same for the same three."""
    drawn = blake2b(f"{salt}\0{scenario}\0{contact_id}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn) % BUCKETS


def held_out(scenario: str, contact_id: int, percent: float) -> bool:
    """Whether the contact is among the `percent` that never get this scenario. Whoever was, stays so when it grows."""
    return bucket(scenario, contact_id, "holdout") < _share(percent)


def in_trial(scenario: str, contact_id: int, percent: float) -> bool:
    """Whether the contact is among the `percent` that get it first. Whoever was, stays so when the trial grows."""
    return bucket(scenario, contact_id, "trial") < _share(percent)


def _share(percent: float) -> int:
    return round(percent * BUCKETS / 100)
