"""What the `driveflow` commands do, one module a subject; `cli` only reads the command line."""
