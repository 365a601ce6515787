"""Words for what a school sells."""

from enum import StrEnum


class ServiceKind(StrEnum):
    """What a service is for: it decides icon, colour and reports."""

    LESSON = "lesson"
    TEST_PREP = "test_prep"
    DRIVING_TEST = "driving_test"
    HIGHWAY = "highway"
    NIGHT = "night"
    THEORY = "theory"
    PACKAGE_LESSON = "package_lesson"
