"""People who may decide: desks whose members have a name and a role, on their own replica as on the service."""

import sqlalchemy as sa

from driveflow_desktop.domain.identity.tables import User, UserOrg
from driveflow_desktop.domain.identity.values import OrgRole
from tests.helpers.world import Desk, World


def with_people(world: World, *desks: tuple[Desk, str, OrgRole]) -> None:
    """Give each desk's member a name everywhere, and a role that the first desk (the owner's) writes."""
    people = [
        {"id": desk.member.user_id, "email": f"{desk.member.user_id}@example.com", "full_name": name}
        for desk, name, _role in desks
    ]
    with world.engine.begin() as connection:  # not as the service's role, which does not write people this way
        connection.execute(sa.insert(User), people)
    for desk in world.desks:
        with desk.replica.maintenance() as connection, connection.begin():
            connection.execute(sa.insert(User), people)
    for desk, _name, role in desks:
        user_id = desk.member.user_id
        desks[0][0].do(lambda uow, user_id=user_id, role=role: uow.insert(UserOrg, {"user_id": user_id, "role": role}))
    for desk in world.desks:
        desk.sync()
