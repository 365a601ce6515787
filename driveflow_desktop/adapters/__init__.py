"""Technology behind ports: one module a technology, and none knows another."""
