"""Import and export: files of Mastodon and its forks, added or instead of what is there, and carried away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import Account, Block, DomainBlock, Follow, Mute
from accounts.relationships import block, block_domain, follow, mute
from core.errors import RemoteUnreachable
from tests.cast import make_account, make_remote_account, user_of
from tests.timelines.people import Person, let_follow
from timelines.import_files import MAX_ROWS
from timelines.imports import MAX_ATTEMPTS, MAX_BYTES, run_import, sweep_imports
from timelines.interactions import bookmark
from timelines.lists import ListChanges, add_members, create_list
from timelines.models import Import, ImportRow, List, Status

pytestmark = pytest.mark.django_db
IMPORTS = "/settings/imports"
Run = Callable[[], None]


@pytest.fixture
def browser(cem: Person) -> Client:
    """Cem's browser, who moves here."""
    browser = Client(headers={"Accept-Language": "en"})
    browser.force_login(user_of(cem.account))
    return browser


def upload(browser: Client, kind: str, content: str | bytes, replace: str = "") -> Any:
    """Choose a file."""
    body = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile("file.csv", body, "text/csv")
    return browser.post(IMPORTS, {"kind": kind, "file": file, "replace": replace})


def bring(browser: Client, kind: str, content: str, run_jobs: Run, replace: str = "") -> str:
    """Choose a file, confirm it, let it be done and return the page about it."""
    answer = upload(browser, kind, content, replace)
    assert answer.status_code == 302, answer.text
    assert browser.post(answer["Location"] + "/confirm").status_code == 302
    run_jobs()
    return browser.get(answer["Location"]).text


def export(browser: Client, kind: str) -> str:
    """Return an exported file."""
    answer = browser.get(f"/settings/exports/{kind}.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return answer.text


def targets(model: Any, account: Account) -> set[str]:
    """Return whom an account follows, blocks or mutes."""
    return {row.target.acct for row in model.objects.filter(account=account).select_related("target")}


# Kinds of files


def test_follows_come_with_their_options(
    anna: Person, cem: Person, dora: Account, browser: Client, run_jobs: Run
) -> None:
    content = (
        "\ufeffAccount address,Show boosts,Notify on new posts,Languages\r\n"
        "@Anna@social.example,FALSE,true,\r\n"
        'dora@elsewhere.example,true,false,"de, en"\r\n'
    )
    page = bring(browser, "follows", content, run_jobs)
    assert "2 of 2 done" in page and "This import is finished." in page
    rows = {row.target.username: row for row in Follow.objects.filter(account=cem.account)}
    assert (rows["anna"].show_reblogs, rows["anna"].notify, rows["anna"].languages) == (False, True, None)
    assert (rows["dora"].show_reblogs, rows["dora"].languages) == (True, ["de", "en"])
    # What others export names fewer columns, in any order, or none at all; options stay as they are then.
    for other in ("Notify on new posts,Account address\n,anna@social.example\n", "anna\n\n"):
        bring(browser, "follows", other, run_jobs)
        rows["anna"].refresh_from_db()
        assert (rows["anna"].show_reblogs, rows["anna"].notify) == (False, True)


def test_blocks_mutes_and_domains(
    anna: Person, cem: Person, dora: Account, browser: Client, run_jobs: Run
) -> None:
    bring(browser, "blocks", "dora@elsewhere.example\n", run_jobs)
    assert targets(Block, cem.account) == {"dora@elsewhere.example"}
    content = "Account address,Hide notifications\nanna@social.example,false\ndora@elsewhere.example,true\n"
    bring(browser, "mutes", content, run_jobs)
    hides = {row.target.username: row.hide_notifications for row in Mute.objects.all()}
    assert hides == {"anna": False, "dora": True}
    bring(browser, "domain_blocks", "#domain\nBad.Example\n", run_jobs)
    assert DomainBlock.objects.get(account=cem.account).domain == "bad.example"


def test_bookmarks_are_of_posts_that_one_may_see(
    anna: Person, cem: Person, browser: Client, run_jobs: Run
) -> None:
    seen, hidden = anna.post("offen"), anna.post("nur für mich", visibility="private")
    page = bring(browser, "bookmarks", f"{seen['uri']}\n{hidden['uri']}\nx\n", run_jobs)
    assert [status["id"] for status in cem.see("/api/v1/bookmarks")] == [seen["id"]]
    assert f"{hidden['uri']}: not found" in page and "x: not readable" in page


def test_lists_are_made_and_their_members_followed(
    anna: Person, cem: Person, dora: Account, browser: Client, run_jobs: Run
) -> None:
    content = '"Haus, Hof",anna\n"Haus, Hof",dora@elsewhere.example\nAndere,cem\n'
    for _ in range(2):
        assert "3 of 3 done" in bring(browser, "lists", content, run_jobs)
    found = {row.title: {each.account.acct for each in row.members.all()} for row in List.objects.all()}
    assert found == {"Haus, Hof": {"anna", "dora@elsewhere.example"}, "Andere": {"cem"}}
    assert targets(Follow, cem.account) == {"anna", "dora@elsewhere.example"}


# Instead of what is there


def test_a_file_may_replace_what_is_there(
    anna: Person, cem: Person, dora: Account, browser: Client, run_jobs: Run
) -> None:
    me = cem.account
    emil, frieda = make_remote_account("emil"), make_remote_account("frieda")
    let_follow(me, anna.account)
    let_follow(me, dora)
    kept, dropped = (create_list(me, ListChanges(title=title)) for title in ("Da", "Fort"))
    add_members(kept, [anna.account.pk, dora.pk])
    assert "You have 2 here" in browser.get(upload(browser, "follows", "anna\n", "1")["Location"]).text
    bring(browser, "lists", "Da,anna\n", run_jobs, "1")
    assert [(row.title, row.members.get().account) for row in List.objects.all()] == [("Da", anna.account)]
    bring(browser, "follows", "anna@social.example\n", run_jobs, "1")
    assert targets(Follow, me) == {"anna"}
    for model, act, kind in ((Block, block, "blocks"), (Mute, mute, "mutes")):
        act(me, emil)
        act(me, frieda)
        bring(browser, kind, "@EMIL@elsewhere.example\n", run_jobs, "1")
        assert targets(model, me) == {"emil@elsewhere.example"}
    block_domain(me, "one.example")
    bring(browser, "domain_blocks", "two.example", run_jobs, "1")
    assert [row.domain for row in DomainBlock.objects.all()] == ["two.example"]
    old, new = anna.post("alt"), anna.post("neu")
    bookmark(me, Status.objects.get(pk=old["id"]))
    bring(browser, "bookmarks", new["url"], run_jobs, "1")
    assert [status["id"] for status in cem.see("/api/v1/bookmarks")] == [new["id"]]


# Carried away


def test_what_is_exported_can_be_imported_again(
    anna: Person, cem: Person, dora: Account, browser: Client, run_jobs: Run
) -> None:
    me = cem.account
    follow(me, anna.account, show_reblogs=False, notify=True, languages=["de", "en"])
    let_follow(me, dora)
    row = create_list(me, ListChanges(title='Mit "Zeichen", ja'))
    add_members(row, [dora.pk])
    block(me, make_account("emil"))
    mute(me, make_account("frieda"), hide_notifications=False)
    block_domain(me, "bad.example")
    post = Status.objects.get(pk=anna.post()["id"])
    bookmark(me, post)
    expected = {
        "follows": "Account address,Show boosts,Notify on new posts,Languages\n"
        'anna@social.example,false,true,"de, en"\ndora@elsewhere.example,true,false,\n',
        "lists": '"Mit ""Zeichen"", ja",dora@elsewhere.example\n',
        "blocks": "emil@social.example\n",
        "mutes": "Account address,Hide notifications\nfrieda@social.example,false\n",
        "domain_blocks": "bad.example\n",
        "bookmarks": f"{post.uri}\n",
    }
    assert {kind: export(browser, kind) for kind in expected} == expected
    for model in (Follow, List, Block, Mute, DomainBlock):
        model.objects.filter(account=me).delete()
    for kind, content in expected.items():
        assert "failed" not in bring(browser, kind, content, run_jobs)
    Follow.objects.filter(accepted_at=None).update(accepted_at=timezone.now())
    assert {kind: export(browser, kind) for kind in expected} == expected
    assert browser.get("/settings/exports/else.csv").status_code == 404


# What fails


def test_what_failed_says_why_and_can_be_tried_again(
    anna: Person, cem: Person, browser: Client, run_jobs: Run
) -> None:
    block(anna.account, cem.account)
    emil = make_account("emil")
    content = 'Account address,Languages\nnobody,\n<b>a b</b>,\nanna,\nemil,"nicht so"\nemil,de\n'
    page = bring(browser, "follows", content, run_jobs)
    assert targets(Follow, cem.account) == {"emil"} and Follow.objects.get().target == emil
    assert "1 of 5 done" in page and "4 failed" in page
    for line in ("nobody, , , : not found", "&lt;b&gt;a b&lt;/b&gt;", "anna, , , : not allowed"):
        assert line in page
    [made] = Import.objects.all()
    answer = browser.get(f"{IMPORTS}/{made.pk}/failures.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="failed_following_accounts.csv"'
    assert answer.text.splitlines()[:2] == [
        "Account address,Show boosts,Notify on new posts,Languages",
        "nobody,,,",
    ]
    assert "4 lines" in browser.get(upload(browser, "follows", answer.content)["Location"]).text


def test_a_server_that_is_away_is_asked_again_later(
    cem: Person, dora: Account, browser: Client, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(handle: str) -> Account:
        raise RemoteUnreachable()

    monkeypatch.setattr("timelines.import_rows.resolve_handle", unreachable)
    page = bring(browser, "follows", "away@one.example\ngone@two.example\ndora@elsewhere.example", run_jobs)
    assert "1 of 3 done" in page and "2 still wait" in page
    sweep_imports(timezone.now())
    assert {row.attempts for row in ImportRow.objects.filter(state="waiting")} == {1}
    monkeypatch.setattr(
        "timelines.import_rows.resolve_handle",
        lambda handle: dora if "away" in handle else unreachable(handle),
    )
    for _ in range(MAX_ATTEMPTS):
        Import.objects.filter(next_run_at__isnull=False).update(next_run_at=timezone.now())
        sweep_imports(timezone.now())
    [made] = Import.objects.all()
    assert "gone@two.example, , , : server not reached" in browser.get(f"{IMPORTS}/{made.pk}").text
    assert made.finished_at and not made.next_run_at


def test_a_job_that_died_is_done_again_and_two_do_not_meet(
    anna: Person, cem: Person, browser: Client, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = upload(browser, "follows", "anna\nnobody\n")["Location"]
    browser.post(address + "/confirm")
    browser.post(address + "/confirm")
    [made] = Import.objects.all()

    def die(*args: object) -> None:
        raise SystemError("killed")

    with monkeypatch.context() as patch, pytest.raises(SystemError):
        patch.setattr("timelines.imports.apply_row", die)
        run_jobs()
    # As long as another job may be at it, nothing happens.
    run_import(import_id=made.pk)
    sweep_imports(timezone.now())
    assert targets(Follow, cem.account) == set()
    Import.objects.update(next_run_at=timezone.now() - timedelta(seconds=1))
    sweep_imports(timezone.now())
    run_import(import_id=made.pk)
    assert targets(Follow, cem.account) == {"anna"}
    # A line at which the process ends each time does not hold up the others.
    ImportRow.objects.update(state="waiting", attempts=MAX_ATTEMPTS)
    Import.objects.update(next_run_at=timezone.now(), finished_at=None)
    sweep_imports(timezone.now())
    assert {row.failure for row in ImportRow.objects.all()} == {"unreachable"}
    run_import(import_id=made.pk)


def test_a_long_file_is_done_in_parts(
    anna: Person, cem: Person, browser: Client, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[int] = []
    monkeypatch.setattr("timelines.imports._PART", 2)
    monkeypatch.setattr("timelines.imports._run_part", _counting(parts))
    content = "".join(f"{number}.example\n" for number in range(5))
    bring(browser, "domain_blocks", content, run_jobs)
    assert len(parts) == 3
    assert DomainBlock.objects.filter(account=cem.account).count() == 5


def _counting(parts: list[int]) -> Callable[[Import], None]:
    from timelines import imports

    run = imports._run_part

    def counted(row: Import) -> None:
        parts.append(row.pk)
        run(row)

    return counted


# Files that cannot be used


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("follows", b"", "The submitted file is empty"),
        ("follows", b"\n ,\n", "There is nothing in this file"),
        ("follows", b"Account address\n", "There is nothing in this file"),
        ("follows", b"anna\xff\n", "This is no CSV file in UTF-8"),
        ("follows", b"an\x00na\n", "This is no CSV file in UTF-8"),
        ("follows", b'"anna\n', "This is no CSV file in UTF-8"),
        ("follows", b"x" * 200_000, "This is no CSV file in UTF-8"),
        ("follows", b"Account address,Hide notifications\nanna,true\n", "This file holds something else"),
        ("mutes", b"List name,Account address\nx,anna\n", "This file holds something else"),
        ("follows", b"https://a.example/1\nhttps://a.example/2\n", "Not a single line"),
        ("bookmarks", b"anna@social.example\n", "Not a single line"),
        ("domain_blocks", b"anna@social.example\n", "Not a single line"),
        ("blocks", "".join(f"a{n}\n" for n in range(MAX_ROWS + 1)).encode(), "at most 20000 lines"),
        ("blocks", b"x" * (MAX_BYTES + 1), "at most 4 megabytes"),
        ("else", b"anna\n", "Select a valid choice"),
    ],
)
def test_a_file_that_cannot_be_used_is_explained(
    browser: Client, kind: str, content: bytes, words: str
) -> None:
    answer = upload(browser, kind, content)
    assert answer.status_code == 422
    assert words in answer.text
    assert not Import.objects.exists()


def test_there_is_a_limit_to_imports_at_once(browser: Client) -> None:
    for _ in range(5):
        assert upload(browser, "blocks", "anna\n").status_code == 302
    assert "Please wait" in upload(browser, "blocks", "anna\n").text
    newest = Import.objects.order_by("-pk")[0]
    assert browser.post(f"{IMPORTS}/{newest.pk}/cancel")["Location"] == IMPORTS
    assert upload(browser, "blocks", "anna\n").status_code == 302


def test_imports_go_after_a_while(browser: Client, run_jobs: Run) -> None:
    bring(browser, "blocks", "anna\n", run_jobs)
    upload(browser, "blocks", "anna\n")
    for days, left in ((0.9, 2), (1.1, 1), (6.9, 1), (7.1, 0)):
        sweep_imports(timezone.now() + timedelta(days=days))
        assert Import.objects.count() == left


# Who


def test_nobody_sees_what_others_import(anna: Person, browser: Client, run_jobs: Run) -> None:
    address = upload(browser, "blocks", "anna\n")["Location"]
    assert browser.get(IMPORTS).status_code == 200
    paths = [IMPORTS, address, address + "/failures.csv", "/settings/exports/follows.csv"]
    for path in paths:
        assert Client().get(path)["Location"].startswith("/login?next=")
    other = Client()
    other.force_login(user_of(anna.account))
    for path in paths[1:3]:
        assert other.get(path).status_code == 404
    for verb in ("confirm", "cancel"):
        assert other.post(f"{address}/{verb}").status_code == 404
        assert browser.get(f"{address}/{verb}").status_code == 405
    assert browser.post(address + "/confirm").status_code == 302
    assert browser.post(address + "/cancel").status_code == 400
    assert browser.get(f"{IMPORTS}/{'9' * 40}").status_code == 404
