from tests.helpers.school import school, school_template

__all__ = ["school", "school_template"]
