"""One booking: the side panel beside the calendar, its editor, and the small forms for money and cancelling."""
