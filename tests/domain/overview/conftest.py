from tests.helpers.databases import make_database
from tests.helpers.school import school, school_template

__all__ = ["make_database", "school", "school_template"]
