import unicodedata
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.contacts import can_receive_sms, clean_email, display_phone, normalise_phone
from driveflow_desktop.domain.names import clean_abn, clean_name, display_abn, is_abn
from driveflow_desktop.domain.people.rules.licences import (
    LOGBOOK_RULES,
    Expiry,
    LogbookRule,
    expiry_warnings,
    is_expired,
    logbook_progress,
    logbook_rule,
)
from driveflow_desktop.kernel.errors import UserError

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("written", "stored", "shown", "sms"),
    [
        ("0412 345 678", "+61412345678", "0412 345 678", True),
        ("+61 412 345 678", "+61412345678", "0412 345 678", True),
        ("(02) 9374 4000", "+61293744000", "(02) 9374 4000", False),
        ("13 12 13", "+61131213", "13 12 13", False),
        ("1300 123 456", "+611300123456", "1300 123 456", False),
        ("1800 123 456", "+611800123456", "1800 123 456", False),
        ("+44 7911 123456", "+447911123456", "+44 7911 123456", True),
    ],
)
def test_phones_are_stored_as_e164_and_shown_as_people_write_them(
    written: str, stored: str, shown: str, sms: bool
) -> None:
    assert normalise_phone(written) == stored
    assert display_phone(stored) == shown
    assert can_receive_sms(stored) is sms
    assert normalise_phone(shown) == stored


def test_the_schools_country_decides_what_a_number_without_plus_means() -> None:
    assert normalise_phone("021 123 4567", "NZ") == "+64211234567"
    assert display_phone("+64211234567", "NZ") == "021 123 4567"
    assert display_phone("+61412345678", "NZ") == "+61 412 345 678"


@pytest.mark.parametrize(
    "text", ["", "abc", "12", "0412 345 67", "0412 345 6789", "02 9374 4000 ext 5", "+999 1234567"]
)
def test_what_is_not_a_number_in_use_is_refused(text: str) -> None:
    with pytest.raises(UserError) as refused:
        normalise_phone(text, column="guardian_phone")
    assert (refused.value.code, refused.value.column) == ("invalid", "guardian_phone")


def test_an_erased_phone_is_shown_as_it_is_and_gets_no_sms() -> None:
    assert display_phone("erased") == "erased"
    assert not can_receive_sms("erased")


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (" Mia.O'Neil+L@Example.COM.au ", "mia.o'neil+l@example.com.au"),
        ("a@b.co", "a@b.co"),
        ("zoë@bücher.example", "zoë@bücher.example"),
    ],
)
def test_emails_are_trimmed_and_lower_case(written: str, stored: str) -> None:
    assert clean_email(written) == stored


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "@",
            "a",
            "a@b",
            "a b@c.de",
            "a@b@c.de",
            "a@-b.co",
            "a@b-.co",
            "a@b..co",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.de",
        ),
        *(
            "a@[1.2.3.4]",
            '"a"@b.co',
            "a@b.co>",
            "a\r\nbcc: x@y.de",
            "a@b_c.de",
            "a" * 65 + "@b.co",
            "a@" + "b" * 64 + ".co",
        ),
        "a@" + "b." * 130 + "co",
    ],
)
def test_what_is_not_an_email_is_refused(text: str) -> None:
    with pytest.raises(UserError) as refused:
        clean_email(text)
    assert refused.value.column == "email"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("  Mia \t\n Nguyen ", "Mia Nguyen"),
        ("Zoe\u0308", "Zoë"),
        ("Dana\u202eevil\u2066", "Danaevil"),
        ("Noah\x00\x07", "Noah"),
        ("ليلى حداد", "ليلى حداد"),
        ("Family 👩‍👧‍👦", "Family 👩‍👧‍👦"),
        ("می‌خواهم", "می‌خواهم"),
        ("A\ud800B", "AB"),
        ("O\u00a0Brien", "O Brien"),
        ("x" * 200, "x" * 200),
    ],
)
def test_names_are_cleaned_and_every_script_kept(written: str, stored: str) -> None:
    assert clean_name(written) == stored


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200d", "\u202e", "x" * 201])
def test_names_must_be_visible_and_not_endless(text: str) -> None:
    with pytest.raises(UserError):
        clean_name(text)


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_a_cleaned_name_stays_as_it_is(text: str) -> None:
    try:
        name = clean_name(text)
    except UserError:
        return
    assert clean_name(name) == name
    assert name.encode()
    assert unicodedata.is_normalized("NFC", name)
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in name)


def test_abns_are_checked_by_their_weights() -> None:
    assert clean_abn(" 51 824 753 556 ") == "51824753556"
    assert display_abn("51824753556") == "51 824 753 556"
    for wrong in ("12 345 678 901", "5182475355", "51824753557", "", "٥١٨٢٤٧٥٣٥٥٦", "5182475355a"):
        assert not is_abn("".join(wrong.split()))
        with pytest.raises(UserError) as refused:
            clean_abn(wrong)
        assert refused.value.column == "abn"


@given(st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(position: int, shift: int) -> None:
    digits = list("51824753556")
    digits[position] = str((int(digits[position]) + shift) % 10)
    assert not is_abn("".join(digits))


@pytest.mark.parametrize(
    ("days", "stage"), [(-1, 0), (0, 7), (7, 7), (8, 30), (30, 30), (31, 60), (60, 60), (61, None), (None, None)]
)
def test_licences_warn_at_60_30_and_7_days(days: int | None, stage: int | None) -> None:
    expires = None if days is None else TODAY + timedelta(days=days)
    found = expiry_warnings([Expiry(UUID(int=1), expires)], TODAY)
    assert [warning.stage for warning in found] == ([] if stage is None else [stage])


def test_the_most_urgent_licence_comes_first_and_the_last_day_still_counts() -> None:
    people = [Expiry(UUID(int=n), TODAY + timedelta(days=days)) for n, days in ((1, 40), (2, -3), (3, 5))]
    assert [warning.id.int for warning in expiry_warnings(people, TODAY)] == [2, 3, 1]
    assert not is_expired(TODAY, TODAY)
    assert is_expired(TODAY - timedelta(days=1), TODAY)
    assert not is_expired(None, TODAY)


def test_each_state_asks_its_own_hours() -> None:
    hours = {rule.region: (rule.total_minutes // 60, rule.night_minutes // 60) for rule in LOGBOOK_RULES}
    assert hours == {
        "NSW": (120, 20),
        "VIC": (120, 20),
        "QLD": (100, 10),
        "SA": (75, 15),
        "WA": (50, 5),
        "TAS": (80, 15),
    }
    assert {rule.region for rule in LOGBOOK_RULES if rule.bonus_factor == 3} == {"NSW", "QLD"}
    assert logbook_rule("NT", TODAY) is None
    assert logbook_rule(None, TODAY) is None
    assert logbook_rule("NSW", date(2000, 1, 1)) is None


def test_a_change_of_law_is_a_further_row() -> None:
    newer = LogbookRule("NSW", date(2027, 1, 1), 6000, 600)
    rules = (newer, *LOGBOOK_RULES)
    before, after = logbook_rule("NSW", date(2026, 12, 31), rules), logbook_rule("NSW", date(2027, 1, 1), rules)
    assert before is not None
    assert before.total_minutes == 7200
    assert after is newer


def test_progress_never_runs_below_zero() -> None:
    rule = LogbookRule("NSW", TODAY, 7200, 1200)
    assert logbook_progress(rule, 3000, 1300) == (3000, 4200, 0)
    assert not logbook_progress(rule, 7200, 1199).done
    assert logbook_progress(rule, 9000, 1200).done
