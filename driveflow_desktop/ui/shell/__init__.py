"""The shell: window, theme, declared actions, threads, undo, command palette."""
