"""H-08 over every route that leads to an inbox or what lies in one: a key for another inbox finds nothing."""

from agentpost_server.accounts.scopes import allows
from harness import Tenant, client
from isolation.routes import GUARDED, NAMING
from isolation.world import make_world

_IN_AN_INBOX = {"inbox_id", "message_id", "thread_id", "attachment_id", "event_id", "wait_id", "lease_id"}
_BODIES_THAT_NAME = {
    "/messages/batch-labels": lambda ids: {"ids": [ids["message_id"]], "add": ["x"]},
}


async def test_h08_a_key_of_another_inbox_finds_nothing_on_any_route(tenant: Tenant) -> None:
    ids = await make_world(tenant)
    other = (await tenant.http.post("/inboxes", json={})).json()["id"]
    made = await tenant.http.post("/api-keys", json={"name": "k", "scopes": ["*"], "inbox_ids": [other]})
    async with client(tenant.server, made.json()["key"]) as narrow:
        for route in NAMING:
            if not set(route.ids()) & _IN_AN_INBOX or not allows(frozenset({"*"}), route.scope, inbox_limited=True):
                continue
            unknown = {name: f"{value.partition('_')[0]}_00000000000000000000000000" for name, value in ids.items()}
            foreign, never = [
                await narrow.request(route.method, route.at(names), json=route.body) for names in (ids, unknown)
            ]
            assert foreign.status_code == never.status_code, (route, foreign.text)
            assert foreign.status_code in (404, 422), (route, foreign.text)
            assert foreign.json()["code"] == never.json()["code"], route
        for path, body in _BODIES_THAT_NAME.items():
            assert (await narrow.post(path, json=body(ids))).status_code == 404
        got = await narrow.post("/messages/batch-get", json={"ids": [ids["message_id"]]})
        assert got.json()["data"] == []
        foreign_ids = {ids[name] for name in _IN_AN_INBOX}
        for route in GUARDED:
            if route.method == "GET" and not route.ids() and not route.path.endswith("/stream"):
                answer = await narrow.get(route.at({}), params=route.query)
                assert not [one for one in foreign_ids if one in answer.text], route
