"""The style sheet: only what the palette cannot say. Generated from tokens, so that no colour is written twice.

Widgets opt in with dynamic properties: `kind` on buttons (primary, danger, quiet, link, mini, search, segment,
filter, chip), `textSize`,
`weight` and `tone` on labels, `panel` on frames.
"""

from string import Template

from driveflow_desktop.ui.shell.tokens import Tokens

_SHEET = Template("""
QWidget { font-size: ${font_md}px; }
QToolTip { background: $surface; color: $text; border: 1px solid $border_strong; padding: 4px 6px; }

QLabel { background: transparent; }
QLabel[textSize="xs"] { font-size: ${font_xs}px; }
QLabel[textSize="sm"] { font-size: ${font_sm}px; }
QLabel[textSize="lg"] { font-size: ${font_lg}px; }
QLabel[textSize="xl"] { font-size: ${font_xl}px; }
QLabel[textSize="2xl"] { font-size: ${font_2xl}px; }
QLabel[weight="medium"] { font-weight: 500; }
QLabel[weight="bold"] { font-weight: 600; }
QLabel[textSize="xl"][weight="bold"] { font-weight: 700; }
QLabel[tone="muted"] { color: $text_2; }
QLabel[tone="faint"] { color: $text_3; }
QLabel[tone="accent"] { color: $accent; }
QLabel[tone="ok"] { color: $ok; }
QLabel[tone="warn"] { color: $warn; }
QLabel[tone="bad"] { color: $bad; }
QLabel[tone="info"] { color: $info; }
QLabel[mark="differs"] { background: $warn_weak; border-radius: 3px; padding: 1px 3px; }

QFrame[panel="surface"], QWidget[panel="surface"] { background: $surface; }
QFrame[panel="rail"] { background: $surface; border: 0; border-right: 1px solid $border; }
QFrame[panel="top"] { background: $surface; border: 0; border-bottom: 1px solid $border; }
QFrame[panel="status"] { background: $surface; border: 0; border-top: 1px solid $border; }
QFrame[panel="side"] { background: $surface; border: 0; border-left: 1px solid $border; }
QFrame[panel="card"] { background: $surface; border: 1px solid $border; border-radius: ${radius_lg}px; }
QFrame[panel="card"][chosen="true"] { border: 2px solid $accent; }
QFrame[panel="note"] { background: $surface; border: 1px solid $border; border-radius: ${radius_md}px; }
QFrame[panel="overlay"] { background: $surface; border: 1px solid $border_strong; border-radius: ${radius_lg}px; }
QFrame[line="true"] { background: $border; border: 0; }

QPushButton, QToolButton { background: $surface; color: $text; border: 1px solid $border_strong;
    border-radius: ${radius_md}px; padding: 6px 10px; font-weight: 500; min-height: 16px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $border; }
QPushButton:focus, QToolButton:focus { border: 2px solid $focus; padding: 5px 9px; }
QPushButton:disabled, QToolButton:disabled { color: $text_3; background: $surface_2; border-color: $border; }
QPushButton[kind="primary"] { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton[kind="primary"]:hover { background: $accent; border-color: $text; }
QPushButton[kind="primary"]:focus { border: 2px solid $text; }
QPushButton[kind="primary"]:disabled { background: $hover; color: $text_3; border-color: $border; }
QPushButton[kind="danger"] { color: $bad; }
QPushButton[kind="danger"]:hover { background: $bad_weak; }
QPushButton[kind="danger"]:disabled { color: $text_3; }
QPushButton[kind="quiet"], QToolButton[kind="quiet"] { background: transparent; border-color: transparent;
    color: $text_2; }
QPushButton[kind="quiet"]:hover, QToolButton[kind="quiet"]:hover { background: $hover; }
QPushButton[kind="quiet"]:focus, QToolButton[kind="quiet"]:focus { border-color: $focus; }
QPushButton[kind="link"] { background: transparent; border: 0; border-bottom: 2px solid transparent;
    border-radius: 0; padding: 2px 0 0 0; color: $accent; }
QPushButton[kind="link"]:hover { border-bottom-color: $accent; }
QPushButton[kind="link"]:focus { border-bottom-color: $focus; background: $accent_weak; }
QPushButton[kind="link"]:disabled { color: $text_3; }
QPushButton[kind="mini"] { background: transparent; border: 1px solid transparent; padding: 3px; min-width: 16px; }
QPushButton[kind="mini"]:hover { background: $hover; }
QPushButton[kind="mini"]:focus { border: 2px solid $focus; padding: 2px; }
QPushButton[kind="search"] { background: $surface_2; border-color: $border_field; font-weight: 400; }
QPushButton[kind="search"]:hover { background: $surface; }
QPushButton[kind="filter"]:checked { background: $accent_weak; color: $accent; border-color: $accent; }
QPushButton[kind="chip"] { padding: 4px 9px; }
QPushButton[kind="chip"]:focus { padding: 3px 8px; }
QPushButton[kind="chip"]:checked { background: $accent_weak; color: $accent; border-color: $accent; }
QPushButton[kind="segment"] { border-radius: 0; border-right-width: 0; padding: 6px 12px; color: $text_2; }
QPushButton[kind="segment"][place="first"] { border-top-left-radius: ${radius_md}px;
    border-bottom-left-radius: ${radius_md}px; }
QPushButton[kind="segment"][place="last"] { border-top-right-radius: ${radius_md}px;
    border-bottom-right-radius: ${radius_md}px; border-right-width: 1px; }
QPushButton[kind="segment"]:checked { background: $accent_weak; color: $accent; }
QPushButton[kind="segment"]:focus { border: 2px solid $focus; padding: 5px 11px; }
QPushButton::menu-indicator { width: 0; image: none; }

QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox { background: $surface; color: $text;
    border: 1px solid $border_field; border-radius: ${radius_md}px; padding: 5px 8px; min-height: 18px;
    selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {
    border: 2px solid $focus; padding: 4px 7px; }
QLineEdit:disabled, QPlainTextEdit:disabled, QComboBox:disabled { color: $text_3; background: $surface_2;
    border-color: $border; }
/* Figures are typed, and Up and Down work; Fusion draws its arrows for another frame. */
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: 0; }
QAbstractSpinBox QLineEdit { border: 0; padding: 0 4px; min-height: 0; background: transparent; }
QLineEdit > QToolButton { background: transparent; border: 0; padding: 0; min-height: 0; }
QLineEdit[wrong="true"], QPlainTextEdit[wrong="true"] { border-color: $bad; }
QLineEdit[kind="search"] { background: $surface_2; }
QLineEdit[kind="bare"] { border: 0; background: transparent; padding: 0; font-size: ${font_lg}px; }
QComboBox::drop-down { border: 0; width: 20px; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $border_strong; outline: 0;
    selection-background-color: $accent_weak; selection-color: $text; }

QMenuBar { background: $surface; color: $text; border-bottom: 1px solid $border; }
QMenuBar::item { background: transparent; padding: 4px 9px; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $surface; color: $text; border: 1px solid $border_strong; padding: 4px; }
QMenu::item { padding: 5px 28px 5px 24px; border-radius: ${radius_sm}px; }
QMenu::item:selected { background: $accent_weak; color: $text; }
QMenu::item:disabled { color: $text_3; }
QMenu::separator { height: 1px; background: $border; margin: 4px 6px; }

QAbstractItemView { background: $surface; border: 0; outline: 0; selection-background-color: $accent_weak;
    selection-color: $text; }
QHeaderView { background: $surface_2; border: 0; }
QHeaderView::section { background: $surface_2; color: $text_2; border: 0; border-bottom: 1px solid $border;
    padding: 7px 10px; font-size: ${font_sm}px; font-weight: 500; }
QTableCornerButton::section { background: $surface_2; border: 0; }
QScrollArea { border: 0; background: transparent; }
QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $border_strong; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $text_3; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QProgressBar { background: $hover; border: 0; border-radius: 3px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QTabBar::tab { color: $text_2; padding: 6px 12px; border: 0; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: $accent; border-bottom-color: $accent; }
QTabBar::tab:focus { color: $text; border-bottom-color: $focus; }
QTabWidget::pane { border: 0; border-top: 1px solid $border; }
""")


def style_sheet(tokens: Tokens) -> str:
    """The application's style sheet in the given tokens."""
    values = {name: getattr(tokens, name) for name in tokens.__slots__}
    return _SHEET.substitute(values)
