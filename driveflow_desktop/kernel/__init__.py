"""The kernel: no third-party imports, known to every other package."""
