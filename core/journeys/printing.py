"""Printing: the letter of a scenario's step as an issue of its mailing, with the scenario's settings of blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import compose, mailings
from core.compose import Press, Publication
from core.journeys.scenarios import Scenario, Step
from core.links import Utm
from core.mailings import Issue, Mailing

_NEVER = datetime.max.replace(tzinfo=UTC)


def publish(
    connection: sa.Connection,
    press: Press,
    scenario: Scenario,
    step: Step,
    *,
    at: datetime,
    tracked: bool | None = None,
) -> Publication:
    """The letter of `step` as it goes out `at` that moment. Raises what :func:`core.compose.publish` raises."""
    mailing = mailings.mailing(connection, scenario.form.mailing)
    return published(press, scenario, step, mailing, at=at, tracked=tracked)


def published(
    press: Press, scenario: Scenario, step: Step, mailing: Mailing, *, at: datetime, tracked: bool | None = None
) -> Publication:
    """As :func:`publish` for a mailing at hand, which may not be in the database yet."""
    issue = issue_of(scenario, step, press, mailing)
    return compose.publish(equipped(press, scenario, step), issue, mailing, at=at, tracked=tracked)


def issue_of(scenario: Scenario, step: Step, press: Press, mailing: Mailing) -> Issue:
    """The step as an issue: ``registration/3d``."""
    form = step.form
    utm = Utm(campaign=f"{scenario.code}_{step.code}")
    return Issue(
        code=scenario.issue(step),
        mailing=mailing.code,
        name=scenario.form.name,
        letter=form.letter or scenario.issue(step),
        subject=form.subject,
        preheader=form.preheader,
        schedule="",
        timezone=press.site.timezone,
        catch_up=form.late,
        max_age=timedelta(minutes=5),
        utm=utm.merged(Utm(**scenario.form.utm.model_dump())),
        active=scenario.active,
        scheduled_from=scenario.since or _NEVER,
    )


def equipped(press: Press, scenario: Scenario, step: Step) -> Press:
    """The press with the settings of blocks that the anchor and the step give, which stand before the letter's own."""
    settings: dict[str, dict[str, Any]] = defaultdict(dict)
    given: tuple[Mapping[str, Mapping[str, Any]], ...] = (
        press.settings,
        scenario.anchor.about(scenario.settings),
        step.form.blocks,
    )
    for one in given:
        for code, values in one.items():
            settings[code].update(values)
    return replace(press, settings=dict(settings))
