"""People at a real browser without scripts: from the link to signed in, in both languages, by keyboard."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from invites.links import issue_link, link_url
from media.models import CustomEmoji
from tests.cast import PASSWORD, make_account
from timelines.terms import publish_terms


def new_link() -> str:
    return link_url(issue_link(issued_by=None, now=timezone.now())[1])


def test_a_german_reader_signs_up_confirms_and_signs_in(site: str, german: Page) -> None:
    german.goto(new_link())
    expect(german.get_by_role("heading", level=1)).to_have_text("Du bist eingeladen")
    german.get_by_label("Benutzername").fill("anna")
    german.get_by_label("E-Mail-Adresse").fill("anna@mail.example")
    german.get_by_label("Passwort").fill(PASSWORD)
    german.get_by_label("Ich habe die Regeln gelesen").check()
    german.get_by_role("button", name="Konto anlegen").click()
    expect(german.get_by_role("heading", level=1)).to_have_text("Sieh in deine Mails")

    german.goto(f"{site}/development/mails")
    expect(german.get_by_role("article")).to_contain_text("anna@mail.example")
    german.get_by_role("article").get_by_role("link").first.click()
    german.get_by_role("button", name="Ja, das ist meine Adresse").click()
    expect(german.get_by_role("status")).to_have_text(
        "Deine E-Mail-Adresse ist bestätigt. Du kannst dich jetzt anmelden."
    )

    german.get_by_label("E-Mail-Adresse").fill("anna@mail.example")
    german.get_by_label("Passwort").fill(PASSWORD)
    german.get_by_role("button", name="Anmelden").click()
    expect(german.get_by_role("main")).to_contain_text("@anna@social.example")
    german.get_by_role("main").get_by_role("button", name="Abmelden").click()
    expect(german.get_by_role("heading", level=1)).to_contain_text("Willkommen")


def press_until_focused(page: Page, name: str, *, role: Any) -> None:
    """Go on with the tabulator key until what is named has the focus."""
    wanted = page.get_by_role(role, name=name)
    for _ in range(25):
        page.keyboard.press("Tab")
        if wanted.and_(page.locator(":focus")).count():
            return
    raise AssertionError(f"{name} cannot be reached with the keyboard")


def test_an_english_reader_does_it_all_by_keyboard(site: str, english: Page) -> None:
    english.goto(new_link())
    english.keyboard.press("Tab")
    expect(english.locator(":focus")).to_have_text("Skip to the content")
    press_until_focused(english, "Username", role="textbox")
    english.keyboard.type("ben")
    press_until_focused(english, "E-mail address", role="textbox")
    english.keyboard.type("ben@mail.example")
    press_until_focused(english, "Password", role="textbox")
    english.keyboard.type(PASSWORD)
    english.keyboard.press("Enter")

    # The tick was forgotten: the summary has the focus, its link leads to the field, what was typed is there.
    expect(english.locator(":focus")).to_contain_text("Please look at this once more")
    expect(english.get_by_label("Username")).to_have_value("ben")
    press_until_focused(english, "Please agree to the rules. Without that, nobody can sign up.", role="link")
    english.keyboard.press("Enter")
    english.keyboard.press("Shift+Tab")
    expect(english.locator(":focus")).to_have_attribute("name", "password")
    english.keyboard.type(PASSWORD)
    press_until_focused(english, "I have read the rules and keep to them", role="checkbox")
    english.keyboard.press("Space")
    press_until_focused(english, "Create account", role="button")
    english.keyboard.press("Enter")
    expect(english.get_by_role("heading", level=1)).to_have_text("Look into your mail")

    english.goto(f"{site}/development/mails")
    english.get_by_role("article").get_by_role("link").first.focus()
    english.keyboard.press("Enter")
    press_until_focused(english, "Yes, this is my address", role="button")
    english.keyboard.press("Enter")
    # The first field of the login has the focus already.
    expect(english.locator(":focus")).to_have_attribute("name", "username")
    english.keyboard.type("ben@mail.example")
    press_until_focused(english, "Password", role="textbox")
    english.keyboard.type(PASSWORD)
    english.keyboard.press("Enter")
    expect(english.get_by_role("heading", level=1)).to_have_text("Hello ben")


def test_staff_make_and_withdraw_a_link(site: str, german: Page) -> None:
    make_account("the_admin", role="admin", password=PASSWORD)
    german.goto(f"{site}/staff/invitations?lang=de")
    german.get_by_label("E-Mail-Adresse").fill("the_admin@mail.example")
    german.get_by_label("Passwort").fill(PASSWORD)
    german.get_by_role("button", name="Anmelden").click()
    german.get_by_label("Für wie viele Personen").fill("5")
    german.get_by_label("Kommentar").fill("Hofladen eG")
    german.get_by_role("button", name="Link erstellen").click()
    link = german.locator("#new-link").inner_text()
    assert link.startswith(f"{site}/invite/")
    row = german.get_by_role("row").filter(has_text="Hofladen eG")
    expect(row).to_contain_text("0 von 5")
    row.get_by_role("button", name=f"Den Link …{link[-4:]} zurückziehen").click()
    expect(german.get_by_role("row").filter(has_text="Hofladen eG")).to_contain_text("zurückgezogen")
    german.goto(link)
    expect(german.get_by_role("heading", level=1)).to_have_text("Diese Einladung gilt nicht mehr")
    expect(german.get_by_role("main")).to_contain_text("Bitte um einen neuen Link")


def test_somebody_brings_along_whom_they_follow_and_takes_it_away_again(
    site: str, german: Page, tmp_path: Path
) -> None:
    make_account("anna", password=PASSWORD)
    make_account("ben")
    file = tmp_path / "following_accounts.csv"
    file.write_text("Account address,Show boosts\nben@social.example,true\nnobody@social.example,true\n")
    german.goto(f"{site}/login?lang=de")
    german.get_by_label("E-Mail-Adresse").fill("anna@mail.example")
    german.get_by_label("Passwort").fill(PASSWORD)
    german.get_by_role("button", name="Anmelden").click()
    german.get_by_role("link", name="Import und Export").click()
    german.get_by_label("Was in der Datei steht").select_option("Konten, denen du folgst")
    german.get_by_label("Datei", exact=True).set_input_files(file)
    german.get_by_role("button", name="Datei einlesen").click()
    expect(german.get_by_role("main")).to_contain_text("Die Datei hat 2 Zeilen.")
    german.get_by_role("button", name="Importieren", exact=True).click()
    expect(german.get_by_role("main")).to_contain_text("1 von 2 erledigt")
    expect(german.get_by_role("main")).to_contain_text("nicht gefunden")
    with german.expect_download() as failed:
        german.get_by_role("link", name="Alles herunterladen").click()
    assert "nobody@social.example" in failed.value.path().read_text()
    german.get_by_role("link", name="Zurück").click()
    with german.expect_download() as exported:
        german.get_by_role("link", name="Konten, denen du folgst").last.click()
    assert exported.value.suggested_filename == "following_accounts.csv"
    assert "ben@social.example,true,false," in exported.value.path().read_text()


PAGES = (
    "/",
    "/login",
    "/password/forgotten",
    "/development/mails",
    "/nowhere",
    "/terms-of-service",
    "/staff/invitations",
    "/staff/emojis",
    "/staff/terms",
    "/settings/imports",
    "invite",
)


CLOSED = ("/staff", "/settings")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_pages_fit_a_narrow_screen_in_either_colours_and_can_be_read(
    site: str, chromium: Browser, scheme: Any
) -> None:
    link = new_link()
    make_account("the_admin", role="admin", password=PASSWORD)
    issue_link(issued_by=None, now=timezone.now(), comment="Verbrauchergenossenschaft " * 10)
    CustomEmoji.objects.create(shortcode="x" * 50, category="Brot", disabled=True, updated_at=timezone.now())
    publish_terms(f"# Wir\n\n`{'x' * 200}`", timezone.now().date(), now=timezone.now())
    # Scripts on, for the test alone: it measures.
    context = chromium.new_context(
        locale="de-DE", color_scheme=scheme, viewport={"width": 320, "height": 640}
    )
    page = context.new_page()
    for address in PAGES:
        if address.startswith(CLOSED):
            page.goto(f"{site}/login?next={address}")
            page.get_by_label("E-Mail-Adresse").fill("the_admin@mail.example")
            page.get_by_label("Passwort").fill(PASSWORD)
            page.get_by_role("button", name="Anmelden").click()
            expect(page).to_have_url(site + address)
        else:
            page.goto(link if address == "invite" else site + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address
        assert page.evaluate(TOO_LITTLE_CONTRAST) == [], address
        assert page.evaluate(UNNAMED_FIELDS) == [], address
        assert page.locator("h1").count() == 1, address
        if address.startswith(CLOSED):
            context.clear_cookies()
    context.close()


# Text whose contrast with the nearest painted ground is under 4.5:1 (WCAG 2.2, 1.4.3).
TOO_LITTLE_CONTRAST = """() => {
  const numbers = color => (color.match(/[\\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = numbers(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
    if (!text || !element.getClientRects().length) continue;
    const [a, b] = [luminance(numbers(getComputedStyle(element).color)), luminance(ground(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push(text + " " + contrast.toFixed(2));
  }
  return found;
}"""
UNNAMED_FIELDS = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
  .filter(field => !field.labels.length && !field.ariaLabel).map(field => field.name)"""
