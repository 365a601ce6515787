"""Events: webhooks in, the log read and relayed."""
