"""What the desk does with a lesson across contexts: diary, lesson record and money in one unit of work.

Contexts never call each other's commands; these few compose them.
"""
