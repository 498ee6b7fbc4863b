"""Staff page: the emoji of this server, a new one, its category, and whether texts may show it."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Unprocessable
from media.emojis import CATEGORY_LIMIT, change_emoji, create_emoji, list_own
from media.entities import render_emoji
from moderation.access import staff_page


class EmojiForm(forms.Form):
    """A new emoji."""

    shortcode = forms.CharField(
        label=gettext_lazy("Shortcode"),
        help_text=gettext_lazy("2 to 50 letters (a–z), digits and underscores. Texts hold it as :shortcode:"),
        max_length=52,
    )
    category = forms.CharField(
        label=gettext_lazy("Category"),
        help_text=gettext_lazy("Apps group their emoji by it. It can be empty."),
        max_length=CATEGORY_LIMIT,
        required=False,
    )
    picture = forms.FileField(
        label=gettext_lazy("Picture"),
        help_text=gettext_lazy("PNG, GIF, WebP, JPEG or AVIF. Of an animation the first frame stays."),
        widget=forms.FileInput(attrs={"accept": "image/*"}),
    )


@staff_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def emojis(request: HttpRequest) -> HttpResponse:
    """List the emoji (GET) or add one (POST)."""
    is_new = request.method == "POST"
    form = EmojiForm(request.POST, request.FILES) if is_new else EmojiForm()
    if is_new and form.is_valid() and _created(form, timezone.now()):
        messages.success(request, _("The emoji can be used now."))
        return redirect("staff-emojis")
    shown = [(emoji, render_emoji(emoji)["url"]) for emoji in list_own()]
    context: dict[str, Any] = {"form": form, "emojis": shown, "category_limit": CATEGORY_LIMIT}
    return render(request, "moderation/emojis.html", context, status=422 if form.errors else 200)


def _created(form: EmojiForm, now: datetime) -> bool:
    values = form.cleaned_data
    try:
        create_emoji(values["picture"], values["shortcode"], category=values["category"], now=now)
    except Unprocessable as refused:
        form.add_error(None, str(refused.message))
        return False
    return True


@staff_page
@require_POST
def change(request: HttpRequest, emoji_id: int) -> HttpResponse:
    """Move one to another category, or let texts show it or not."""
    disabled = request.POST.get("disabled")
    try:
        change_emoji(
            emoji_id,
            category=request.POST.get("category"),
            disabled=None if disabled is None else disabled == "1",
            now=timezone.now(),
        )
    except Unprocessable as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("The emoji is changed. Posts follow within five minutes."))
    return redirect("staff-emojis")
