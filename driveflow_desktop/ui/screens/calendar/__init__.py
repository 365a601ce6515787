"""The calendar: a day of all instructors, or a week of one, with the selected lesson beside it."""
