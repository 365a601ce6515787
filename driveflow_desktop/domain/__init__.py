"""The eight bounded contexts of a driving school, in the order in which they may know each other.

Each is a folder of `values` (enumerations and frozen inputs), `tables` (the ORM classes), `rules` (pure functions),
`commands` (the only writers) and `queries` (frozen snapshots out). A context may use the values, rules and queries of
earlier ones, never their tables or commands.
"""
