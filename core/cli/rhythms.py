"""`vestnik rhythms`: when somebody will want a product again, and what this is known by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from core import rhythms as room
from core.address import normalised
from core.app import App
from core.cli.root import DEFAULT, ConfigOption, JsonOption, cli, help_text, say, start
from core.errors import N_, Misconfigured
from core.model import Kind
from core.rhythms.mixing import Pool
from core.rhythms.telling import SOON, Common, Rhythm, of_contact, of_product
from core.rules.forms import Quantity


@cli.command("rhythms", help=help_text(N_("How often somebody buys a product, when they will want it again, and why.")))
def rhythms_(
    email: Annotated[str, typer.Argument(help=help_text(N_("The address.")))] = "",
    product: Annotated[str, typer.Option("--product", help=help_text(N_("The product's id in the shop.")))] = "",
    source: Annotated[
        str, typer.Option("--source", help=help_text(N_("Its name in the settings; all when left out.")))
    ] = "",
    json: JsonOption = False,
    config: ConfigOption = DEFAULT,
) -> None:
    app = start(config)
    if bool(email) == bool(product):
        raise Misconfigured(N_("Name an address or --product ID."))
    if product:
        _show_product(app, product, source, json)
    else:
        _show_contact(app, normalised(email), source, json)


def _learnt(app: App, source: str) -> Iterator[str]:
    """The names of the chosen sources that have orders, each learnt up to now."""
    chosen = [app.source(source)] if source else list(app.sources.values())
    for one in chosen:
        if Kind.ORDERS in one.capabilities:
            room.refresh(app.engine, one.name, now=app.clock(), timezone=app.config.site.timezone)
            yield one.name


def _show_contact(app: App, email: str, source: str, json: bool) -> None:
    found: list[Rhythm] = []
    for name in _learnt(app, source):
        with app.engine.connect() as connection:
            found += of_contact(connection, name, email)
    if json:
        for one in found:
            say.json(asdict(one))
        return
    if not found:
        say.line(N_("{email}: nothing is known of what is bought again."), email=email)
    for one in found:
        say.line(
            N_("{name}: {why} → {days} days, next about {day}"),
            name=_name(one),
            why="; ".join(_why(one)),
            days=one.interval_days,
            day=_day(app, one.next_at),
        )


def _show_product(app: App, product: str, source: str, json: bool) -> None:
    found: list[Common] = []
    for name in _learnt(app, source):
        with app.engine.connect() as connection:
            one = of_product(connection, name, product, now=app.clock())
        found += [one] if one else []
    if json:
        for one in found:
            say.json(asdict(one))
        return
    if not found:
        say.line(N_("Nobody has bought the product {id}."), id=product)
    for one in found:
        say.line(N_("{name}, {source}"), name=_name(one), source=one.source)
        for line in _lines(one):
            say.out.print(f"  {line}", markup=False)


def _lines(one: Common) -> Iterator[str]:
    clients = one.clients
    yield say._(
        N_("Bought by: {buyers}; again: {clients} ({share} %)"),
        buyers=clients.buyers,
        clients=clients.clients,
        share=round(clients.clients * 100 / clients.buyers),
    )
    for pool in [_pool(N_("this product"), clients), _pool(N_("section {code}"), one.others, code=one.section)]:
        yield from pool
    yield say._(N_("Will want it within {days} days: {count}"), days=SOON.days, count=one.soon)


def _why(one: Rhythm) -> Iterator[str]:
    own = one.evidence["own"]
    yield say._(N_("own: {days} days"), days=", ".join(map(str, own))) if own else say._(N_("bought once"))
    if one.evidence["own_percent"] < 100:
        yield from _pool(N_("this product"), one.clients)
        yield from _pool(N_("section {code}"), one.others, code=one.section)


def _pool(whose: str, pool: Pool, **values: Any) -> Iterator[str]:
    if pool.clients:
        template = N_("{whose}: median {median} days (half: {low}–{high}), clients: {clients}")
        numbers = {name: getattr(pool, name) for name in ("median", "low", "high", "clients")}
        yield say._(template, whose=say._(whose, **values), **numbers)


def _name(one: Rhythm | Common) -> str:
    return f"{one.name} ({one.product})" if one.name else one.product


def _day(app: App, at: datetime) -> Any:
    return Quantity(at.astimezone(ZoneInfo(app.config.site.timezone)).date(), "date")
