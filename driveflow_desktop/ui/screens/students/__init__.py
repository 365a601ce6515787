"""Students: the roster, and one student beside it with guardians and what happened."""
