#!/bin/sh
# Brings the system libraries that Qt's plugins in .venv miss, and one font, from Debian's packages; only where they
# are missing, apt is there and we are root or sudo asks for no password. Otherwise it says what is missing and goes on.
#   system_libraries.sh                    look, and install what is missing
#   system_libraries.sh --install PACKAGE  install one package, fail where that is not allowed
set -eu

cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" -eq 0 ] || sudo -n true >/dev/null 2>&1
}

# The package lists are fetched only when the ones at hand do not do.
apt_install() {
    may_install || return 1
    say "installing $*"
    for turn in old-lists new-lists; do
        if [ "$turn" = new-lists ]; then
            as_root apt-get -qq update >/dev/null 2>&1 || true
        fi
        if as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq install -y --no-install-recommends "$@" >/dev/null 2>&1; then
            return 0
        fi
    done
    return 1
}

# The Debian package of a library's soname. Newer releases renamed some for the 64-bit time_t.
package_of() {
    case $1 in
    libEGL.so.1) echo libegl1 ;;
    libGL.so.1) echo libgl1 ;;
    libGLX.so.0) echo libglx0 ;;
    libOpenGL.so.0) echo libopengl0 ;;
    libX11.so.6) echo libx11-6 ;;
    libX11-xcb.so.1) echo libx11-xcb1 ;;
    libXcomposite.so.1) echo libxcomposite1 ;;
    libXdamage.so.1) echo libxdamage1 ;;
    libXext.so.6) echo libxext6 ;;
    libXfixes.so.3) echo libxfixes3 ;;
    libXrandr.so.2) echo libxrandr2 ;;
    libXrender.so.1) echo libxrender1 ;;
    libXtst.so.6) echo libxtst6 ;;
    libasound.so.2) newest_of libasound2t64 libasound2 ;;
    libcups.so.2) newest_of libcups2t64 libcups2 ;;
    libdbus-1.so.3) echo libdbus-1-3 ;;
    libdrm.so.2) echo libdrm2 ;;
    libexpat.so.1) echo libexpat1 ;;
    libfontconfig.so.1) echo libfontconfig1 ;;
    libfreetype.so.6) echo libfreetype6 ;;
    libgbm.so.1) echo libgbm1 ;;
    libglib-2.0.so.0 | libgthread-2.0.so.0 | libgio-2.0.so.0 | libgobject-2.0.so.0) newest_of libglib2.0-0t64 libglib2.0-0 ;;
    libgssapi_krb5.so.2) echo libgssapi-krb5-2 ;;
    libnspr4.so | libplc4.so | libplds4.so) echo libnspr4 ;;
    libnss3.so | libnssutil3.so | libsmime3.so) echo libnss3 ;;
    libudev.so.1) echo libudev1 ;;
    libwayland-client.so.0) echo libwayland-client0 ;;
    libwayland-cursor.so.0) echo libwayland-cursor0 ;;
    libwayland-egl.so.1) echo libwayland-egl1 ;;
    libxcb-dri3.so.0) echo libxcb-dri3-0 ;;
    libxcb-cursor.so.0) echo libxcb-cursor0 ;;
    libxcb-glx.so.0) echo libxcb-glx0 ;;
    libxcb-icccm.so.4) echo libxcb-icccm4 ;;
    libxcb-image.so.0) echo libxcb-image0 ;;
    libxcb-keysyms.so.1) echo libxcb-keysyms1 ;;
    libxcb-randr.so.0) echo libxcb-randr0 ;;
    libxcb-render-util.so.0) echo libxcb-render-util0 ;;
    libxcb-render.so.0) echo libxcb-render0 ;;
    libxcb-shape.so.0) echo libxcb-shape0 ;;
    libxcb-shm.so.0) echo libxcb-shm0 ;;
    libxcb-sync.so.1) echo libxcb-sync1 ;;
    libxcb-util.so.1) echo libxcb-util1 ;;
    libxcb-xfixes.so.0) echo libxcb-xfixes0 ;;
    libxcb-xkb.so.1) echo libxcb-xkb1 ;;
    libxcb.so.1) echo libxcb1 ;;
    libxkbcommon-x11.so.0) echo libxkbcommon-x11-0 ;;
    libxkbcommon.so.0) echo libxkbcommon0 ;;
    libxkbfile.so.1) echo libxkbfile1 ;;
    *) return 1 ;;
    esac
}

newest_of() {
    if apt-cache show "$1" >/dev/null 2>&1; then echo "$1"; else echo "$2"; fi
}

# Sonames that the parts of Qt we use ask for and the system does not have, one a line.
missing_libraries() {
    for qt in .venv/lib/python3*/site-packages/PySide6/Qt; do
        for file in "$qt"/plugins/platforms/libqoffscreen.so "$qt"/plugins/platforms/libqxcb.so \
            "$qt"/plugins/platforms/libqwayland*.so "$qt"/plugins/xcbglintegrations/*.so \
            "$qt"/plugins/wayland-*-client/*.so "$qt"/plugins/printsupport/*.so "$qt"/plugins/imageformats/*.so \
            "$qt"/plugins/iconengines/*.so "$qt"/lib/libQt6WebEngineWidgets.so.6 "$qt"/libexec/QtWebEngineProcess; do
            if [ -e "$file" ]; then ldd "$file" 2>/dev/null || true; fi
        done
    done | awk '/not found/ { print $1 }' | sort -u
}

has_font() {
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts "${HOME:-/nonexistent}/.local/share/fonts" \
        -iname 'inter*' -print -quit 2>/dev/null)" ]
}

if [ "${1:-}" = --install ]; then
    apt_install "$2"
    exit
fi

# Elsewhere than on Linux Qt brings what it needs.
if [ "$(uname -s)" != Linux ] || ! command -v ldd >/dev/null 2>&1; then
    exit 0
fi

libraries=$(missing_libraries)
set --
unknown=
for library in $libraries; do
    if package=$(package_of "$library"); then
        case " $* " in
        *" $package "*) ;;
        *) set -- "$@" "$package" ;;
        esac
    else
        unknown="$unknown $library"
    fi
done
has_font || set -- "$@" fonts-inter

if [ "$#" -gt 0 ] && ! apt_install "$@"; then
    say 'the window may not open or look right until these packages are installed:'
    say "    apt-get install $*"
fi
if [ -n "$unknown" ]; then
    say "Qt also asks for libraries that this script does not know:$unknown"
fi
