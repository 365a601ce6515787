"""A client that somebody wrote who has docs/protocol.md, Python and httpx, and none of our code."""

import hashlib
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.service.test_serve import ROOT, command, serving


class Stranger:
    """A replica in a dictionary: rows by table and id."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60)
        self.device = str(uuid4())
        self.rows: dict[str, dict[str, dict]] = {}
        self.cursor, self.last, self.epoch = 0, None, ""

    def sign_in(self, email: str, password: str) -> None:
        device = {"id": self.device, "name": "Stranger", "platform": "python", "app_version": "0"}
        answer = self.http.post("/v1/auth/sign-in", json={"email": email, "password": password, "device": device})
        session = answer.raise_for_status().json()
        self.http.headers["Authorization"] = f"Bearer {session['access_token']}"
        self.user, self.school = session["user"]["id"], f"/v1/orgs/{session['memberships'][0]['org_id']}"

    def snapshot(self) -> None:
        with self.http.stream("GET", f"{self.school}/snapshot") as answer:
            lines = [json.loads(line) for line in answer.raise_for_status().iter_lines()]
        header, *batches, end = lines
        self.rows = {name: {} for name in header["tables"]}
        for batch in batches:
            for row in (dict(zip(batch["columns"], values, strict=True)) for values in batch["rows"]):
                self.rows[batch["table"]][row["id"]] = row
        assert end == {"end": True, "rows": sum(map(len, self.rows.values()))}
        self.cursor, self.last, self.epoch = header["head"], None, header["epoch"]

    def pull(self) -> None:
        while True:
            query = {"since": self.cursor, **({"last": self.last} if self.last else {})}
            answer = self.http.get(f"{self.school}/changes", params=query, headers={"X-DriveFlow-Epoch": self.epoch})
            page = answer.raise_for_status().json()
            for change in page["changes"]:
                if change["op"] == "upsert":
                    self.rows[change["table"]][change["id"]] = change["row"]
                elif change["op"] == "delete":
                    self.rows[change["table"]].pop(change["id"], None)
                self.last = change["mutation_id"] if change["seq"] == page["next"] else None
            self.cursor = page["next"]
            if page["next"] == page["head"]:
                return

    def push(self, op: str, table: str, row_id: str, values: dict) -> dict:
        held = self.rows[table].get(row_id, {"version": 0})
        now = datetime.now(UTC).isoformat()
        mutation = {"id": str(uuid4()), "table": table, "op": op, "row_id": row_id, "values": values}
        before = {name: held[name] for name in values} if op == "update" else {}
        mutation |= {"base_version": held["version"], "before": before}
        transaction = {"id": str(uuid4()), "schema": "0002", "occurred_at": now, "actor_user_id": self.user}
        body = {"device_id": self.device, "sent_at": now, "transactions": [{**transaction, "mutations": [mutation]}]}
        (result,) = self.http.post(f"{self.school}/changes", json=body).raise_for_status().json()["results"]
        return result

    def digest(self) -> dict[str, dict]:
        sums: dict[str, dict] = {}
        for name, rows in self.rows.items():
            total = 0
            for row in rows.values():
                text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                total ^= int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
            sums[name] = {"rows": len(rows), "xor": f"{total:064x}"}
        return sums


@pytest.mark.postgres
def test_a_stranger_can_take_part(tmp_path: Path, fresh_postgres_url: str) -> None:
    database = ("--database-url", fresh_postgres_url)
    found = command("school", "create", "--name", "Harbour", "--owner-email", "jo@example.com", *database, "--json")
    made = subprocess.run(found, cwd=ROOT, capture_output=True, text=True, check=True)
    code = json.loads(made.stdout.splitlines()[-1])["invitation"]
    with serving(tmp_path, *database) as service:
        invited = {"code": code, "full_name": "Jo Citizen", "password": "correct zebra battery"}
        httpx.post(f"{service.url}/v1/auth/invitations/accept", json=invited, timeout=60).raise_for_status()
        office, other = Stranger(service.url), Stranger(service.url)
        for stranger in (office, other):
            stranger.sign_in("jo@example.com", "correct zebra battery")
            stranger.snapshot()
        student = str(uuid4())
        result = office.push("insert", "students", student, {"full_name": "Zoë Nguyen", "phone": "0400 000 001"})
        assert result["status"] == "applied", result
        other.pull()
        assert other.rows["students"][student]["full_name"] == "Zoë Nguyen"
        assert other.cursor == result["seq"]
        assert other.push("update", "students", student, {"alert": "Glasses"})["status"] == "applied"
        for stranger in (office, other):
            stranger.pull()
            service_says = stranger.http.get(f"{stranger.school}/digest", params={"at": stranger.cursor}).json()
            assert service_says["tables"] == stranger.digest()
        assert office.rows == other.rows
