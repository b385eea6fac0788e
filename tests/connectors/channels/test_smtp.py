"""SMTP: whatever a relay says or does, each letter gets one true outcome, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.channels import smtp
from connectors.channels.smtp import Smtp, SmtpSettings
from core import mime
from core.channel import Channel
from core.model import Letter, Outcome
from core.testing.conformance import ChannelConformance, a_letter
from tests.connectors.channels.relay import DROP, SILENCE, Certificate, Relay, self_signed
from tests.services import free_port


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"))


def channel_to(relay: Relay, **settings: Any) -> Smtp:
    return Smtp(SmtpSettings(**{"host": "127.0.0.1", "port": relay.port, "timeout_seconds": 5, **settings}))


def sent(channel: Smtp, count: int = 3) -> list[Outcome]:
    with channel.open() as session:
        return list(session.send([a_letter(f"user{number}@shop.ru") for number in range(1, count + 1)]))


def results(outcomes: list[Outcome]) -> list[str]:
    return [one.result if one.reached else "away" for one in outcomes]


class TestSmtp(ChannelConformance):
    @pytest.fixture
    def channel(self, relay: Relay) -> Channel:
        return channel_to(relay)

    @pytest.fixture
    def unreachable(self) -> Channel:
        return Smtp(SmtpSettings(host="127.0.0.1", port=free_port()))


def test_letters_go_over_one_connection(relay: Relay) -> None:
    assert sent(channel_to(relay)) == [Outcome("sent", "250 taken")] * 3
    assert relay.recipients == ["user1@shop.ru", "user2@shop.ru", "user3@shop.ru"]
    assert {letter.mail_from for letter in relay.letters} == {"news@example.com"}
    assert relay.connections == 1


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
@pytest.mark.parametrize(("answer", "result"), [("451 4.7.1 try later", "retry"), ("550 5.1.1 no such user", "failed")])
def test_a_refusal_anywhere_costs_one_letter(relay: Relay, verb: str, answer: str, result: str) -> None:
    relay.answers[verb, 2] = answer
    outcomes = sent(channel_to(relay))
    assert results(outcomes) == ["sent", result, "sent"]
    assert outcomes[1].reply == answer
    assert relay.recipients == ["user1@shop.ru", "user3@shop.ru"]


def test_an_answer_of_many_lines_is_kept_on_one(relay: Relay) -> None:
    relay.answers["RCPT", 1] = "550-5.1.1 no such user\r\n550 5.1.1 see https://relay/"
    assert sent(channel_to(relay), 1)[0].reply == "550 5.1.1 no such user 5.1.1 see https://relay/"


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [DROP, "421 4.3.2 shutting down", "nonsense"])
def test_before_the_body_a_broken_connection_is_opened_again_at_once(relay: Relay, verb: str, answer: str) -> None:
    relay.answers[verb, 2] = answer
    assert results(sent(channel_to(relay))) == ["sent", "sent", "sent"]
    assert relay.recipients == ["user1@shop.ru", "user2@shop.ru", "user3@shop.ru"]
    assert relay.connections == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [DROP, SILENCE, "421 4.3.2 shutting down", "530 5.7.0 authenticate first"])
def test_a_relay_that_breaks_again_is_away_and_the_rest_waits(relay: Relay, verb: str, answer: str) -> None:
    relay.answers |= {(verb, 2): answer, (verb, 3): answer}
    outcomes = sent(channel_to(relay, timeout_seconds=0.3), 4)
    assert results(outcomes) == ["sent", "away", "away", "away"]
    assert all(one.reply for one in outcomes)
    assert relay.recipients == ["user1@shop.ru"]


@pytest.mark.parametrize("step", [("INSIDE", DROP), ("INSIDE", SILENCE), ("BODY", DROP), ("BODY", SILENCE)], ids=str)
def test_once_the_body_is_sent_only_the_relay_knows(relay: Relay, step: tuple[str, str]) -> None:
    verb, answer = step
    relay.answers[verb, 2] = answer
    outcomes = sent(channel_to(relay, timeout_seconds=0.3))
    assert results(outcomes) == ["sent", "unknown", "away"]
    assert outcomes[1].reply


def test_without_a_354_no_body_is_sent(relay: Relay) -> None:
    relay.answers |= {("DATA", number): "250 what?" for number in (2, 3)}
    assert results(sent(channel_to(relay))) == ["sent", "away", "away"]


def test_nonsense_after_the_body_is_no_yes(relay: Relay) -> None:
    relay.answers["BODY", 1] = "nonsense"
    assert results(sent(channel_to(relay), 2)) == ["unknown", "away"]


def test_told_to_go_away_after_the_body_the_letter_waits(relay: Relay) -> None:
    relay.answers["BODY", 1] = "421 4.7.0 too many letters"
    assert results(sent(channel_to(relay), 1)) == ["away"]


def test_after_a_broken_connection_the_session_goes_on_with_the_next_letters(relay: Relay) -> None:
    relay.answers["BODY", 1] = DROP
    with channel_to(relay).open() as session:
        first = list(session.send([a_letter("user1@shop.ru")]))
        second = list(session.send([a_letter("user2@shop.ru")]))
    assert results(first + second) == ["unknown", "sent"]


def test_a_connection_closed_while_idle_is_opened_again(relay: Relay) -> None:
    with channel_to(relay).open() as session:
        list(session.send([a_letter("user1@shop.ru")]))
        relay.answers["MAIL", 2] = DROP
        assert results(list(session.send([a_letter("user2@shop.ru")]))) == ["sent"]


def test_a_relay_that_drops_at_rset_costs_nothing(relay: Relay) -> None:
    relay.answers |= {("RCPT", 1): "550 no", ("RSET", 1): DROP}
    assert results(sent(channel_to(relay))) == ["failed", "sent", "sent"]


def test_nobody_listens_so_all_letters_wait() -> None:
    outcomes = sent(Smtp(SmtpSettings(host="127.0.0.1", port=free_port())))
    assert results(outcomes) == ["away"] * 3
    assert "refused" in outcomes[0].reply


def test_a_name_that_cannot_be_looked_up_is_a_finding_not_a_crash() -> None:
    channel = Smtp(SmtpSettings(host="a" * 300 + ".example"))
    assert results(sent(channel, 1)) == ["away"]
    assert [finding.ok for finding in channel.check()] == [False]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_that_signed_itself_is_refused(certificate: Certificate, tls: str) -> None:
    offer = {"starttls" if tls == "starttls" else "implicit_tls": certificate.server}
    with Relay(**offer) as relay:  # type: ignore[arg-type]
        channel = channel_to(relay, tls=tls)
        [outcome] = sent(channel, 1)
        [finding] = channel.check()
    assert results([outcome]) == ["away"]
    assert outcome.reply == "the relay's certificate is not trusted: self-signed certificate"
    assert outcome.reply in str(finding.advice)
    assert relay.letters == []


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_over_a_trusted_certificate_letters_go(
    certificate: Certificate, tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    offer = {"starttls" if tls == "starttls" else "implicit_tls": certificate.server}
    with Relay(**offer) as relay:  # type: ignore[arg-type]
        assert results(sent(channel_to(relay, tls=tls, host="localhost"))) == ["sent"] * 3
        assert [finding.ok for finding in channel_to(relay, tls=tls).check()] == [True]


def test_a_relay_without_starttls_gets_no_letter_in_the_clear(relay: Relay) -> None:
    [outcome] = sent(channel_to(relay, tls="starttls"), 1)
    assert results([outcome]) == ["away"]
    assert "STARTTLS" in outcome.reply
    assert relay.letters == []


@pytest.mark.parametrize(
    ("password", "expected"), [("right", ["sent"] * 2), ("wrong", ["away"] * 2), ("неверный", ["away"] * 2)]
)
def test_a_password_that_is_refused_costs_no_letter(password: str, expected: list[str]) -> None:
    with Relay(password="right") as relay:
        channel = channel_to(relay, user="shop", password=password)
        assert results(sent(channel, 2)) == expected
        [finding] = channel.check()
    assert finding.ok is (password == "right")
    assert password not in str(finding.advice)
    assert ("535 " in str(finding.advice)) is (password == "wrong")


def test_settings_do_not_show_the_password() -> None:
    assert "s3cret" not in repr(SmtpSettings(host="relay", password="s3cret"))


def test_lines_of_dots_arrive_byte_for_byte(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    dots = b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\na.\r\n\r\n.\r\n"
    monkeypatch.setattr(smtp, "message", lambda letter, now: dots)
    assert results(sent(channel_to(relay))) == ["sent"] * 3
    assert [letter.content for letter in relay.letters] == [dots] * 3


def test_the_letter_arrives_as_it_was_written(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []

    def remembered(letter: Letter, **when: Any) -> bytes:
        written.append(mime.message(letter, **when))
        return written[-1]

    monkeypatch.setattr(smtp, "message", remembered)
    sent(channel_to(relay))
    assert [letter.content for letter in relay.letters] == written


@pytest.mark.parametrize("broken", [{"to": "и ван@shop.ru"}, {"to": "no address"}, {"sender": ""}], ids=str)
def test_a_letter_that_no_message_can_carry_fails_alone(relay: Relay, broken: dict[str, str]) -> None:
    letters = [a_letter("a@shop.ru"), a_letter(**{"to": "b@shop.ru", **broken}), a_letter("c@shop.ru")]
    with channel_to(relay).open() as session:
        outcomes = list(session.send(letters))
    assert results(outcomes) == ["sent", "failed", "sent"]
    assert "address" in outcomes[1].reply
    assert relay.connections == 1


WIDE = "почта@xn--e1afmkfd.xn--p1ai"


def test_a_relay_with_smtputf8_takes_an_address_of_any_script() -> None:
    with Relay(smtputf8=True) as relay, channel_to(relay).open() as session:
        outcomes = list(session.send([a_letter("a@shop.ru"), a_letter(WIDE), a_letter("c@shop.ru")]))
    assert results(outcomes) == ["sent"] * 3
    assert relay.recipients == ["a@shop.ru", WIDE, "c@shop.ru"]
    assert [letter.smtp_utf8 for letter in relay.letters] == [False, True, False]
    assert f"<{WIDE}>".encode() in bytes(relay.letters[1].content or b"")


@pytest.mark.parametrize("broken", [{"to": WIDE}, {"sender": f"Магазин <{WIDE}>"}], ids=str)
def test_a_relay_without_smtputf8_loses_only_the_letter_that_needs_it(relay: Relay, broken: dict[str, str]) -> None:
    letters = [a_letter("a@shop.ru"), a_letter(**{"to": "b@shop.ru", **broken}), a_letter("c@shop.ru")]
    with channel_to(relay).open() as session:
        outcomes = list(session.send(letters))
    assert results(outcomes) == ["sent", "failed", "sent"]
    assert outcomes[1].reply.startswith("553 5.6.7 The relay does not offer SMTPUTF8")
    assert relay.recipients == ["a@shop.ru", "c@shop.ru"]
    assert (relay.tried, relay.connections) == (2, 1)  # it is not even asked


def test_a_first_letter_that_is_broken_keeps_nobody_waiting(relay: Relay) -> None:
    with channel_to(relay).open() as session:
        assert results(list(session.send([a_letter("no address"), a_letter("c@shop.ru")]))) == ["failed", "sent"]


def test_check_says_where_it_looked(relay: Relay) -> None:
    [finding] = channel_to(relay).check()
    assert (finding.what, finding.ok, finding.advice) == (f"smtp 127.0.0.1:{relay.port}", True, "")
