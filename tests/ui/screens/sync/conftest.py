"""The whole program over the small school."""

from tests.helpers.school import school, school_template
from tests.ui.screens.desk_rig import person

__all__ = ["person", "school", "school_template"]
