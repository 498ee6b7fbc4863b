"""A small world with one of everything that apps see, made as apps make it, for the cases of the contract.

Anna owns and is asked about; Bertha and she follow each other; Cem's account is locked, Dora lives elsewhere.
Emil asks to follow Anna. Frieda is blocked, Gustav muted. Helga wants to be found and knows nobody. Ines has
not confirmed her address yet.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account, User
from federation.models import Peer
from invites.links import issue_link
from media.models import CustomEmoji
from tests.cast import ApiClient, api_client, app_token, make_account, make_remote_account
from tests.jobs import run_waiting_jobs
from tests.media.pictures import picture
from timelines.announcements import publish_announcement
from timelines.models import PreviewCard, PushSubscription
from timelines.push import signed_id
from timelines.terms import publish_terms
from timelines.trends import renew

# Where an app wants to be pushed to; the key is the one that RFC 8291 shows in its example.
PUSH = {
    "endpoint": "https://push.example/abc",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}


class World:
    """Accounts, and the ids that path templates ask for by name."""

    def __init__(self) -> None:
        CustomEmoji.objects.create(
            shortcode="blobcat", file="emojis/blobcat.png", updated_at=datetime.now(UTC)
        )
        self.anna = make_account(
            "anna",
            role="admin",
            note="Hallo :blobcat: #brot",
            fields=[{"name": "Web", "value": "https://anna.example", "verified_at": None}],
        )
        self.bertha = make_account("bertha")
        self.cem = make_account("cem", locked=True, discoverable=True)
        self.dora = make_remote_account("dora", note="<p>Hallo</p>")
        self.emil, self.frieda, self.gustav = (make_account(name) for name in ("emil", "frieda", "gustav"))
        self.helga, self.ines = make_account("helga", discoverable=True), make_account("ines")
        User.objects.filter(memberships__account=self.ines).update(confirmed_at=None)
        self.app = api_client(self.anna)
        self.ids: dict[str, Any] = {
            "anna": self.anna.pk,
            "bertha": self.bertha.pk,
            "cem": self.cem.pk,
            "emil": self.emil.pk,
            "frieda": self.frieda.pk,
            "gustav": self.gustav.pk,
            "dora": self.dora.pk,
            "helga": self.helga.pk,
            "invite_code": issue_link(issued_by=None, max_uses=5, now=datetime.now(UTC))[1],
        }
        registration = {"client_name": "App", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
        registered = expect(self.app.post("/api/v1/apps", registration))
        self.ids |= {name: registered[name] for name in ("client_id", "client_secret")}
        self._relate()
        self._talk()
        self._agree()
        self._collect()
        run_waiting_jobs()

    def filled(self, value: Any) -> Any:
        """Return data of a case with the ids of this world in place of their names."""
        if isinstance(value, str):
            return value.format(**self.ids)
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if isinstance(value, dict):
            return {key: self.filled(item) for key, item in value.items()}
        return value

    def client(self, who: str, scopes: str) -> ApiClient:
        """Return an app as which a case is asked: a person's, a newcomer's, or the app without a person."""
        if who == "app":
            return ApiClient(app_token(scopes))
        return api_client(self.ines if who == "newcomer" else self.anna, scopes)

    def _relate(self) -> None:
        do(api_client(self.bertha), "/api/v1/accounts/{anna}/follow", self.ids)
        do(api_client(self.cem), "/api/v1/accounts/{anna}/follow", self.ids)
        do(self.app, "/api/v1/accounts/{bertha}/follow", self.ids)
        do(self.app, "/api/v1/accounts/{cem}/follow", self.ids)
        Account.objects.filter(pk=self.anna.pk).update(locked=True)
        do(api_client(self.emil), "/api/v1/accounts/{anna}/follow", self.ids)
        for verb, names in (("block", ("frieda",)), ("mute", ("gustav",))):
            for name in names:
                do(self.app, f"/api/v1/accounts/{{{name}}}/{verb}", self.ids)
        do(self.app, "/api/v1/accounts/{emil}/follow", self.ids)
        for name in ("bertha", "emil"):
            do(self.app, f"/api/v1/accounts/{{{name}}}/endorse", self.ids)
        do(self.app, "/api/v1/domain_blocks", self.ids, domain="unwanted.example")

    def _talk(self) -> None:
        bertha = api_client(self.bertha)
        for name in ("picture", "unused_picture"):
            file = SimpleUploadedFile("bild.png", picture(), "image/png")
            upload = {"file": file, "description": "Orange und blau"}
            self.ids[name] = expect(self.app.post("/api/v2/media", upload, encoding="multipart"))["id"]
        rich = {
            "status": "Guten Tag @bertha, #Brot von https://genossenschaft.example/brot :blobcat:",
            "media_ids": [self.ids["picture"]],
            "spoiler_text": "Brot :blobcat:",
            "language": "de",
            "visibility": "public",
            "poll": {"options": ["Brot :blobcat:", "Kuchen"], "expires_in": 3600},
        }
        posted = do(self.app, "/api/v1/statuses", self.ids, **rich)
        self.ids["rich"], self.ids["poll"] = posted["id"], posted["poll"]["id"]
        later = {
            "status": "Frohes Fest @bertha",
            "scheduled_at": "2099-12-24T12:00:00Z",
            "media_ids": [do_upload(self.app)],
            "poll": {"options": ["Gans", "Nuss"], "expires_in": 3600},
            "in_reply_to_id": self.ids["rich"],
        }
        self.ids["scheduled"] = do(self.app, "/api/v1/statuses", self.ids, **later)["id"]
        do(self.app, "/api/v1/statuses", self.ids, status="Zwölfter", scheduled_at="2099-12-25T12:00:00Z")
        asked = {"status": "Wann?", "poll": {"options": ["heute", "morgen"], "expires_in": 3600}}
        self.ids["poll_of_bertha"] = do(bertha, "/api/v1/statuses", self.ids, **asked)["poll"]["id"]
        do(bertha, "/api/v1/polls/{poll}/votes", self.ids, choices=[1])
        said = {"status": "Und noch etwas, @anna@social.example", "in_reply_to_id": self.ids["rich"]}
        self.ids["reply"] = do(bertha, "/api/v1/statuses", self.ids, **said)["id"]
        again = {"status": "Danke #brot", "in_reply_to_id": self.ids["reply"], "visibility": "unlisted"}
        self.ids["answer"] = do(self.app, "/api/v1/statuses", self.ids, **again)["id"]
        quoting = {"status": "Sehr wahr", "quoted_status_id": self.ids["rich"]}
        self.ids["quoting"] = do(bertha, "/api/v1/statuses", self.ids, **quoting)["id"]
        do(self.app, "/api/v1/statuses", self.ids, status="Ja", quoted_status_id=self.ids["quoting"])
        for visibility in ("private", "direct"):
            text = {"status": f"@bertha {visibility}", "visibility": visibility}
            self.ids[visibility] = do(self.app, "/api/v1/statuses", self.ids, **text)["id"]
        do(bertha, "/api/v1/statuses", self.ids, status="@anna@social.example psst", visibility="direct")
        self.ids["conversation"] = expect(self.app.get("/api/v1/conversations"))[0]["id"]
        self.ids["edited"] = do(
            self.app, "/api/v1/statuses", self.ids, status="Frueher", visibility="public"
        )["id"]
        expect(self.app.put(f"/api/v1/statuses/{self.ids['edited']}", {"status": "Früher #brot"}))
        for verb in ("favourite", "reblog"):
            for name in ("rich", "edited"):
                do(bertha, f"/api/v1/statuses/{{{name}}}/{verb}", self.ids)
            do(api_client(self.gustav), f"/api/v1/statuses/{{rich}}/{verb}", self.ids)
        for verb in ("favourite", "bookmark"):
            for name in ("rich", "reply"):
                do(self.app, f"/api/v1/statuses/{{{name}}}/{verb}", self.ids)
        self.ids["boost"] = do(self.app, "/api/v1/statuses/{reply}/reblog", self.ids)["id"]
        do(self.app, "/api/v1/statuses/{rich}/pin", self.ids)
        self._sort()
        self._tell()
        run_waiting_jobs()
        self.ids["notification"] = expect(self.app.get("/api/v1/notifications"))[0]["id"]

    def _tell(self) -> None:
        """Staff announce, somebody reports, strangers wait to be heard, an app wants to be pushed to."""
        publish_announcement(self.bertha, "Fest :blobcat: mit @anna #fest", now=datetime.now(UTC))
        self.ids["announcement"] = expect(self.app.get("/api/v1/announcements"))[0]["id"]
        for client in (self.app, api_client(self.bertha)):
            expect(client.put(f"/api/v1/announcements/{self.ids['announcement']}/reactions/blobcat"))
        now = datetime.now(UTC)
        terms = [publish_terms("# Wir", now.date() + timedelta(days=days), now=now) for days in (0, 30)]
        self.ids["terms_day"] = terms[1].effective_date.isoformat()
        do(api_client(self.bertha), "/api/v1/reports", self.ids, account_id=self.ids["gustav"], comment="!")
        expect(self.app.patch("/api/v2/notifications/policy", {"for_not_following": "filter"}))
        for name in ("jakob", "lea"):
            do(api_client(make_account(name)), "/api/v1/statuses", self.ids, status="Hallo @anna")
        self.ids["request"] = expect(self.app.get("/api/v1/notifications/requests"))[0]["id"]
        everything = api_client(self.anna, "profile read write follow push")
        do(everything, "/api/v1/push/subscription", self.ids, subscription=PUSH)
        self.ids["push_signed"] = signed_id(PushSubscription.objects.get())

    def _agree(self) -> None:
        """Let several people talk about the same, so that it trends."""
        Account.objects.filter(pk__in=(self.anna.pk, self.bertha.pk)).update(discoverable=True)
        Peer.objects.create(domain="elsewhere.example")
        url, now = "https://genossenschaft.example/brot", datetime.now(UTC)
        # Known already, so that nobody asks for the page.
        PreviewCard.objects.create(
            url=url, title="Brot", author_account=self.bertha, published_at=now, fetched_at=now
        )
        for person in (self.anna, self.bertha):
            said = do(
                api_client(person),
                "/api/v1/statuses",
                self.ids,
                status=f"{url} #Brot #Mehl",
                visibility="public",
            )
            for other in (self.anna, self.bertha):
                do(api_client(other), f"/api/v1/statuses/{said['id']}/favourite", self.ids)
        self.ids["rich_url"] = expect(self.app.get(f"/api/v1/statuses/{self.ids['rich']}"))["url"]
        run_waiting_jobs()
        renew(now)

    def _collect(self) -> None:
        """Anna recommends Helga, and Bertha recommends Anna, who wants to be found by now."""
        values = {"sensitive": False, "discoverable": True, "language": "de", "tag_name": "Brot"}
        for name in ("Bäckereien", "Mühlen"):
            members = {"name": name, "account_ids": [self.ids["helga"]]}
            made = do(self.app, "/api/v1/collections", self.ids, **values, **members)["collection"]
        self.ids |= {"collection": made["id"], "item": made["items"][0]["id"]}
        members = {"name": "Freundinnen", "account_ids": [self.ids["anna"]]}
        made = do(api_client(self.bertha), "/api/v1/collections", self.ids, **values, **members)["collection"]
        self.ids |= {"bertha_collection": made["id"], "anna_item": made["items"][0]["id"]}
        run_waiting_jobs()

    def _sort(self) -> None:
        filters = "/api/v2/filters"
        words = [{"keyword": "brot", "whole_word": True}]
        sorted_out = {"title": "Brot", "context": ["home", "public"], "keywords_attributes": words}
        made = do(self.app, filters, self.ids, expires_in=3600, **sorted_out)
        self.ids |= {"filter": made["id"], "keyword": made["keywords"][0]["id"]}
        found = do(self.app, f"{filters}/{{filter}}/statuses", self.ids, status_id=self.ids["reply"])
        self.ids["filter_status"] = found["id"]
        for title in ("Bäckerei", "Leer"):
            self.ids["list"] = do(self.app, "/api/v1/lists", self.ids, title=title)["id"]
            members = {"account_ids": [self.ids["bertha"], self.ids["cem"]]}
            do(self.app, "/api/v1/lists/{list}/accounts", self.ids, **members)
        for name in ("brot", "Käse"):
            do(self.app, f"/api/v1/tags/{name}/follow", self.ids)
        featured = do(self.app, "/api/v1/featured_tags", self.ids, name="Brot")
        self.ids["featured_tag"] = featured["id"]


def do(client: ApiClient, template: str, ids: dict[str, Any], **data: Any) -> Any:
    """POST to a path with names of ids in it, expect success and return the answer."""
    return expect(client.post(template.format(**ids), data))


def do_upload(client: ApiClient) -> str:
    """Upload a picture and return its id."""
    upload = {"file": SimpleUploadedFile("bild.png", picture(), "image/png"), "description": "Orange"}
    return str(expect(client.post("/api/v2/media", upload, encoding="multipart"))["id"])


def expect(answer: Any) -> Any:
    """Expect success and return the body."""
    assert answer.status_code == 200, (answer.request["PATH_INFO"], answer.content)
    return answer.json()


HANDLE = f"anna@{settings.LOCAL_DOMAIN}"
