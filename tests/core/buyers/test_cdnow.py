"""RFM and cohorts of the 69,659 purchases of CDNOW, against the same worked out by pandas alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from core import buyers, db
from core.buyers import cuts
from core.buyers.cohorts import cohorts, span
from core.buyers.segments import segments
from core.rules.scoring import LETTERS, scored
from core.tables import metadata
from tests.core.buyers.shop import Shop

NOW = datetime(1998, 7, 1, tzinfo=UTC)  # the day after the last purchase
SEGMENTS = {  # by regular expressions over R and (F + M) / 2, as RFM is usually written in pandas
    r"[1-2][1-2]": "hibernating",
    r"[1-2][3-4]": "at_risk",
    r"[1-2]5": "cant_lose",
    r"3[1-2]": "about_to_sleep",
    r"33": "need_attention",
    r"[3-4][4-5]": "loyal",
    r"41": "promising",
    r"51": "new",
    r"[4-5][2-3]": "potential_loyalist",
    r"5[4-5]": "champions",
}


def master() -> Path:
    """The file that Lifetimes brings; the package is not imported, it is older than today's pandas."""
    [found] = [one for one in files("Lifetimes") or [] if one.name == "CDNOW_master.txt"]
    return Path(str(found.locate()))


@pytest.fixture(scope="module")
def sold() -> pd.DataFrame:
    """contact, at, total: a row a purchase."""
    names = ["contact", "at", "count", "total"]
    rows = pd.read_csv(master(), sep=r"\s+", skiprows=1, names=names, dtype={"contact": int, "at": str})
    rows["at"] = pd.to_datetime(rows["at"], format="%Y%m%d", utc=True)
    return rows[["contact", "at", "total"]]


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def cdnow(request: pytest.FixtureRequest, sold: pd.DataFrame, tmp_path_factory: Any) -> Iterator[Shop]:
    """The shop of these purchases, counted."""
    if request.param == "sqlite":
        engine = db.connect(f"sqlite:///{tmp_path_factory.mktemp('cdnow')}/vestnik.db")
        metadata.create_all(engine)
    else:
        engine = request.getfixturevalue("mariadb_engine")
    shop = Shop(engine, "cdnow", now=NOW)
    customers = sold["contact"].unique()
    contacts = dict(zip(customers, shop.contacts(len(customers)), strict=True))
    sold["contact"] = sold["contact"].map(contacts)
    shop.many(row[1:] for row in sold.itertuples())
    buyers.refresh(engine, "cdnow", now=NOW)
    yield shop
    with db.writing(engine) as connection:
        for table in metadata.sorted_tables:
            connection.execute(sa.delete(table))


@pytest.fixture
def customers(sold: pd.DataFrame) -> pd.DataFrame:
    """By contact: days since the last purchase, purchases, whole dollars, and the scores as pandas.qcut has them."""
    rows = sold.groupby("contact").agg(last=("at", "max"), orders=("at", "size"), revenue=("total", "sum"))
    rows["days"] = ((pd.Timestamp(NOW) - rows["last"]) / pd.Timedelta(days=1)).astype(int)
    rows["r"] = 6 - fifth(rows["days"])
    rows["f"] = fifth(rows["orders"])
    rows["m"] = fifth(rows["revenue"].round(2) // 1)
    cell = rows["r"].astype(str) + ((rows["f"] + rows["m"] + 1) // 2).astype(str)
    rows["segment"] = cell.replace({f"^{cells}$": code for cells, code in SEGMENTS.items()}, regex=True)
    return rows


def fifth(values: pd.Series[Any]) -> pd.Series[int]:
    """1 to 5: one more than the quintiles that a value exceeds; by pandas.qcut itself where these differ."""
    edges = values.quantile([0.2, 0.4, 0.6, 0.8])
    if len({values.min(), *edges}) == 5:
        return pd.qcut(values, 5, labels=False) + 1
    return 1 + sum((values > edge).astype(int) for edge in edges)


def judged(shop: Shop, now: datetime) -> dict[int, tuple[int, int, int, str]]:
    table = buyers._buyers
    with shop.engine.connect() as connection:
        [scale] = cuts.scales(connection)
        one = scored(scale, now)
        rows = connection.execute(sa.select(table.c.contact_id, one.r, one.f, one.m, one.segment).where(one.mine))
        return {contact: (r, f, m, LETTERS[letter]) for contact, r, f, m, letter in rows}


def test_every_customer_has_the_scores_and_the_segment_of_pandas(cdnow: Shop, customers: pd.DataFrame) -> None:
    expected = {row.Index: (row.r, row.f, row.m, row.segment) for row in customers.itertuples()}
    assert len(expected) == 23_570
    assert judged(cdnow, NOW) == expected


def test_the_table_of_segments_is_that_of_pandas(cdnow: Shop, customers: pd.DataFrame) -> None:
    grouped = customers.groupby("segment").agg(
        contacts=("orders", "size"), orders=("orders", "sum"), revenue=("revenue", "sum")
    )
    expected = {row.Index: (row.contacts, row.orders, round(row.revenue, 2)) for row in grouped.itertuples()}
    with cdnow.engine.connect() as connection:
        [scale] = cuts.scales(connection)
        table = segments(connection, scale, now=NOW)
    assert {one.code: (one.contacts, one.orders, float(one.revenue)) for one in table if one.contacts} == expected


def test_cohorts_are_those_of_pandas(cdnow: Shop, sold: pd.DataFrame) -> None:
    """A month is a calendar month in Moscow, where CDNOW's midnights in UTC are four in the morning."""
    rows = sold.assign(month=sold["at"].dt.tz_convert("Europe/Moscow").dt.tz_localize(None).dt.to_period("M"))
    rows["cohort"] = rows.groupby("contact")["month"].transform("min")
    cells = rows.groupby(["cohort", "month"]).agg(buyers=("contact", "nunique"), revenue=("total", "sum"))
    expected = {
        (str(cohort), str(month)): (row["buyers"], round(row["revenue"], 2))
        for (cohort, month), row in cells.iterrows()
    }
    assert len(expected) == 51, "three months of newcomers, eighteen months of purchases"
    months = span(18, now=NOW - timedelta(hours=12), timezone="Europe/Moscow")
    with cdnow.engine.connect() as connection:
        found = cohorts(connection, "cdnow", "first_order", span=months)
    told = {
        (f"{one.month:%Y-%m}", f"{months.days[months.days.index(one.month) + place]:%Y-%m}"): (
            cell.buyers,
            float(cell.revenue),
        )
        for one in found
        for place, cell in enumerate(one.cells)
    }
    assert {key: value for key, value in told.items() if value[0]} == expected
    assert [one.size for one in found] == list(rows.groupby("cohort")["contact"].nunique())
