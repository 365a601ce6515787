"""Pure rules of the diary, one module per question.

`states` (may this booking change?), `cancellation` (what is given back?), `availability` (when is an instructor
open?), `travel` (how long between two places?), `verdict` (may this slot be booked?), `slots` (which slots are
free?), `series` (weekly lessons), `closing` (what must the desk still decide, what has run out?).
"""
