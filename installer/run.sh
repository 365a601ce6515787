#!/bin/sh
# Starts the demo school: in a window where there is a display, else as the guided tour into demo-output/.
# Run by `make run`.
set -eu

cd "$(dirname "$0")/.."
output=demo-output

# A display that is named but does not answer makes Qt abort, so ask Qt itself, in a process of its own.
has_display() {
    case $(uname -s) in
    Linux | *BSD) [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || return 1 ;;
    esac
    .venv/bin/python -c '
import resource
from PySide6.QtGui import QGuiApplication
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
QGuiApplication([])
' >/dev/null 2>&1
}

if has_display; then
    exec .venv/bin/driveflow demo
fi

printf 'No display here: playing the guided tour into %s/\n' "$output"
export QT_QPA_PLATFORM=offscreen
if [ "$(id -u)" -eq 0 ]; then
    # Chromium refuses to start as root with its sandbox; the tour shows nothing but its own local pages.
    export QTWEBENGINE_DISABLE_SANDBOX=1
fi
.venv/bin/driveflow demo --tour "$output"
printf 'The tour is done. Look at the screenshots and reports in %s\n' "$PWD/$output"
