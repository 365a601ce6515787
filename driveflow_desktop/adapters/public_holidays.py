"""Public holidays by country and state, from the `holidays` library, without any network."""

from collections.abc import Collection

from driveflow_desktop.domain.scheduling.commands.school import PublicHoliday
from driveflow_desktop.kernel.errors import UserError


def public_holidays(country: str, region: str | None, years: Collection[int]) -> tuple[PublicHoliday, ...]:
    """The holidays of a state (of the whole country without `region`) in some years, by date.

    `country` is ISO 3166 alpha-2, `region` its subdivision ("NSW"). Raises `UserError` "invalid" for unknown ones.
    """
    # Its calendars of every country take a tenth of a second to import, which the start does not wait for.
    import holidays

    try:
        found = holidays.country_holidays(
            country, subdiv=region, years=years, language="en_AU" if country == "AU" else None
        )
    except (NotImplementedError, KeyError):
        raise UserError(
            "invalid",
            "No public holidays are known for that place.",
            hint="Check the school's country and state, or enter holidays by hand.",
            column="region",
        ) from None
    return tuple(PublicHoliday(day, name, region) for day, name in sorted(found.items()))
