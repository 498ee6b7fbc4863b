"""Ids that Anna must not reach, by what they name: those of others, and those of what she deleted."""

from datetime import UTC, datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.relationships import block
from accounts.remote import delete_account
from tests.cast import ApiClient, api_client, make_account, make_remote_account
from tests.contract.world import World, do, expect
from tests.jobs import run_waiting_jobs
from tests.media.pictures import picture
from timelines.announcements import publish_announcement, withdraw_announcement
from timelines.models import PushSubscription
from timelines.push import signed_id

Ids = dict[str, str]

# What an id of a case names, where it is not called so.
KINDS = dict.fromkeys(("anna", "bertha", "cem", "dora", "emil", "frieda", "gustav", "helga"), "account")
KINDS |= dict.fromkeys(("rich", "reply", "answer", "edited", "quoting"), "status")
KINDS |= {"unused_picture": "media", "poll_of_bertha": "poll"}
KINDS |= {"bertha_collection": "collection", "anna_item": "item"}


def kind_of(value: str) -> str:
    """Return what the id in a part of a case's path names."""
    name = value.partition("{")[2].partition("}")[0]
    return KINDS.get(name, name)


class Others:
    """What Bertha has for herself, and what Anna had: an id of each kind."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.of_others = self._made_by(api_client(world.bertha), "emil", "maja") | self._hidden_collection()
        self.deleted = self._made_by(world.app, "bertha", "nora") | self._collection(world.app)
        self.deleted |= {
            "announcement": self._announcement(),
            "push_signed": signed_id(PushSubscription(pk=2**31)),
        }
        run_waiting_jobs()
        self._delete()
        gone = make_remote_account("gone")
        delete_account(gone)
        self.deleted["account"] = str(gone.pk)

    def wrong(self, kind: str) -> list[str]:
        """Return the ids of a kind that Anna must not reach."""
        return [ids[kind] for ids in (self.of_others, self.deleted) if kind in ids]

    @property
    def everything(self) -> list[str]:
        """Every id that Anna must not reach."""
        return [*self.of_others.values(), *self.deleted.values()]

    def _made_by(self, app: ApiClient, friend: str, stranger: str) -> Ids:
        ids: dict[str, Any] = {}
        poll = {"options": ["ja", "nein"], "expires_in": 3600}
        text = {"status": f"@{friend} nur wir", "visibility": "direct", "poll": poll}
        status = do(app, "/api/v1/statuses", ids, **text)
        ids |= {"status": status["id"], "poll": status["poll"]["id"]}
        later = {"status": "später", "scheduled_at": "2099-12-24T12:00:00Z"}
        ids["scheduled"] = do(app, "/api/v1/statuses", ids, **later)["id"]
        ids["list"] = do(app, "/api/v1/lists", ids, title="Andere")["id"]
        words = {"title": "Andere", "context": ["home"], "keywords_attributes": [{"keyword": "wort"}]}
        made = do(app, "/api/v2/filters", ids, **words)
        ids |= {"filter": made["id"], "keyword": made["keywords"][0]["id"]}
        path = "/api/v2/filters/{filter}/statuses"
        ids["filter_status"] = do(app, path, ids, status_id=self.world.ids["rich"])["id"]
        upload = {"file": SimpleUploadedFile("bild.png", picture(), "image/png")}
        ids["media"] = expect(app.post("/api/v2/media", upload, encoding="multipart"))["id"]
        ids["featured_tag"] = do(app, "/api/v1/featured_tags", ids, name="andere")["id"]
        return ids | self._heard(app, status["account"]["acct"], friend, stranger)

    def _heard(self, app: ApiClient, name: str, friend: str, stranger: str) -> Ids:
        """What comes from others: a message of a friend, and of a stranger who has to wait."""
        expect(app.patch("/api/v2/notifications/policy", {"for_not_following": "accept"}))
        told = {"status": f"@{name} psst", "visibility": "direct"}
        do(api_client(getattr(self.world, friend)), "/api/v1/statuses", {}, **told)
        run_waiting_jobs()
        notification = expect(app.get("/api/v1/notifications"))[0]["id"]
        conversation = expect(app.get("/api/v1/conversations"))[0]["id"]
        expect(app.patch("/api/v2/notifications/policy", {"for_not_following": "filter"}))
        do(api_client(make_account(stranger)), "/api/v1/statuses", {}, status=f"Hallo @{name}")
        run_waiting_jobs()
        request = expect(app.get("/api/v1/notifications/requests"))[0]["id"]
        return {"notification": notification, "conversation": conversation, "request": request}

    def _hidden_collection(self) -> Ids:
        """Make one of somebody who blocks Anna: those of others can be read."""
        olga = make_account("olga")
        ids = self._collection(api_client(olga))
        block(olga, self.world.anna)
        return ids

    def _collection(self, app: ApiClient) -> Ids:
        values = {"name": "Andere", "sensitive": False, "discoverable": True}
        values |= {"account_ids": [self.world.ids["helga"]]}
        made = do(app, "/api/v1/collections", {}, **values)["collection"]
        return {"collection": made["id"], "item": made["items"][0]["id"]}

    def _announcement(self) -> str:
        announcement = publish_announcement(self.world.bertha, "Doch nicht", now=datetime.now(UTC))
        withdraw_announcement(announcement.pk)
        return str(announcement.pk)

    def _delete(self) -> None:
        app = self.world.app
        for path in (
            "/api/v2/filters/statuses/{filter_status}",
            "/api/v2/filters/keywords/{keyword}",
            "/api/v2/filters/{filter}",
            "/api/v1/lists/{list}",
            "/api/v1/scheduled_statuses/{scheduled}",
            "/api/v1/media/{media}",
            "/api/v1/featured_tags/{featured_tag}",
            "/api/v1/conversations/{conversation}",
            "/api/v1/statuses/{status}",
        ):
            expect(app.delete(path.format(**self.deleted)))
        for path in ("/api/v1/collections/{collection}/items/{item}", "/api/v1/collections/{collection}"):
            assert app.delete(path.format(**self.deleted)).status_code == 200
        do(app, "/api/v1/notifications/{notification}/dismiss", self.deleted)
        do(app, "/api/v1/notifications/requests/{request}/dismiss", self.deleted)
        run_waiting_jobs()
