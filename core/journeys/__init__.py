"""Journeys: scenarios decide who gets which letter of a chain, when, and why not; each decision is made once.

    anchors ──► judging ──► groups, consent ──► arbiter ──► ledger ──► recipients
    (who entered)  (goal, stops, hours, reactions)    (how often)   (once)     (delivered as those of issues)

A scenario is a query and a timetable: nothing is kept of anybody "in a chain". So the same functions walk, plan,
explain and replay the past.
"""

from core.journeys.book import Shelf
from core.journeys.deciding import Decision, Manners
from core.journeys.looking import Tick
from core.journeys.office import NOTHING, About, Office, abouts, kinds, note, over, too_often
from core.journeys.scenarios import Scenario, Step
from core.journeys.walking import Tally, Walker, walk

__all__ = [
    "NOTHING",
    "About",
    "Decision",
    "Manners",
    "Office",
    "Scenario",
    "Shelf",
    "Step",
    "Tally",
    "Tick",
    "Walker",
    "abouts",
    "kinds",
    "note",
    "over",
    "too_often",
    "walk",
]
