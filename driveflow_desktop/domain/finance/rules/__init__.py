"""Pure rules of money, one module per question.

`charges` (may this be charged, and how is it split?), `refunds` (what goes back, and who bears it?), `owing` (what has
the student still to pay?), `packages` (how many minutes are left?), `payouts` (what is the
instructor due?).
"""
