"""The only writers of the diary, one module per subject; each function takes the open unit of work.

`booking` (make, move, change), `lifecycle` (status), `series`, `hours` (availability), `school` (holidays, policy),
`waitlist`. What also touches lessons or money (start, complete, cancel) is composed in `domain/desk`.
"""
