"""The HTTP routes of signing in, and of a school's people and devices (docs/protocol.md, Sign-in)."""

from http import HTTPStatus
from typing import Final, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from driveflow_desktop.service.answers import answer, read_body
from driveflow_desktop.service.auth import invitations, people, sessions
from driveflow_desktop.service.auth.context import Auth
from driveflow_desktop.service.auth.doorkeeper import Doorkeeper
from driveflow_desktop.service.auth.limits import client_address
from driveflow_desktop.service.members import Member
from driveflow_desktop.sync.session_protocol import (
    AcceptInvitationRequest,
    InvitationRequest,
    RefreshRequest,
    SignInRequest,
    SignOutRequest,
)

T = TypeVar("T")

MAX_BODY: Final = 16 * 1024
"""Bytes of a body here: a stranger's is held in memory before anyone is known to have sent it."""


def auth_routes(auth: Auth) -> list[Route]:
    """The routes; they raise `UserError`, which the application answers with (`answers.problem`)."""
    doors, office = _Doors(auth), _Office(auth)
    return [
        Route("/v1/auth/invitations/accept", doors.accept, methods=["POST"]),
        Route("/v1/auth/sign-in", doors.sign_in, methods=["POST"]),
        Route("/v1/auth/refresh", doors.refresh, methods=["POST"]),
        Route("/v1/auth/sign-out", doors.sign_out, methods=["POST"]),
        Route("/v1/orgs/{org:uuid}/invitations", office.invite, methods=["POST"]),
        Route("/v1/orgs/{org:uuid}/members", office.members, methods=["GET"]),
        Route("/v1/orgs/{org:uuid}/devices", office.devices, methods=["GET"]),
        Route("/v1/orgs/{org:uuid}/devices/{device:uuid}", office.end_device, methods=["DELETE"]),
    ]


def address_of(auth: Auth, request: Request) -> str:
    """Under which address a request counts."""
    peer = None if request.client is None else request.client.host
    return client_address(request.headers, peer, auth.trusted_proxies)


class _Doors:
    """Routes for whoever is not signed in."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth

    async def accept(self, request: Request) -> Response:
        body, address = await self._knock(request, AcceptInvitationRequest)
        made = await run_in_threadpool(invitations.accept, self._auth, body, address)
        return answer(made, request, HTTPStatus.CREATED)

    async def sign_in(self, request: Request) -> Response:
        body, address = await self._knock(request, SignInRequest)
        return answer(await run_in_threadpool(sessions.sign_in, self._auth, body, address), request)

    async def refresh(self, request: Request) -> Response:
        body, _address = await self._knock(request, RefreshRequest)
        return answer(await run_in_threadpool(sessions.refresh, self._auth, body), request)

    async def sign_out(self, request: Request) -> Response:
        body, _address = await self._knock(request, SignOutRequest)
        await run_in_threadpool(sessions.sign_out, self._auth, body.refresh_token)
        return _nothing()

    async def _knock(self, request: Request, kind: type[T]) -> tuple[T, str]:
        """The body and the address, which is counted before anything is read."""
        address = address_of(self._auth, request)
        self._auth.limits.address(address)
        return await read_body(request, kind, limit=MAX_BODY), address


class _Office:
    """Routes for the members of a school."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        self._keeper = Doorkeeper(auth)
        self._runtime = auth.runtime

    async def invite(self, request: Request) -> Response:
        member = await self._member(request)
        body = await read_body(request, InvitationRequest, limit=MAX_BODY)
        made = await run_in_threadpool(invitations.invite, self._runtime, member, body)
        return answer(made, request, HTTPStatus.CREATED)

    async def members(self, request: Request) -> Response:
        member = await self._member(request)
        return answer(await run_in_threadpool(people.members, self._runtime, member), request)

    async def devices(self, request: Request) -> Response:
        member = await self._member(request)
        return answer(await run_in_threadpool(people.devices, self._runtime, member), request)

    async def end_device(self, request: Request) -> Response:
        member = await self._member(request)
        await run_in_threadpool(people.end_use, self._runtime, member, request.path_params["device"])
        return _nothing()

    async def _member(self, request: Request) -> Member:
        caller = self._keeper.identify(request.headers, address_of(self._auth, request))
        return await run_in_threadpool(self._keeper.member, caller, request.path_params["org"])


def _nothing() -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})
