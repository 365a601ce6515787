"""Finance: payments, refunds and payouts; rows are immutable."""
