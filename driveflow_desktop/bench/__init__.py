"""The program measured on this PC: every figure beside a baseline of the same run."""
