"""Who may come in: passwords, tokens, invitations, devices, and how often anyone may knock (docs/protocol.md, Sign-in).

`tokens`, `limits` and `guard` are what every route of the service stands behind; `routes` are the routes of signing in
itself. Secrets are kept as hashes, are in no log, and only the sign-in role of the database reads them.
"""
