"""Staff page: the emoji of this server, a new one, its category, and whether texts may show it."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.errors import Unprocessable
from media.emojis import CATEGORY_LIMIT, change_emoji, create_emoji, list_own
from media.entities import render_emoji
from moderation.access import staff_page
from moderation.pages.form_page import FormPage


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


class Emojis(FormPage):
    """List the emoji, or add one."""

    template_name = "moderation/emojis.html"
    form_class = EmojiForm
    success_url = reverse_lazy("staff-emojis")
    made = gettext_lazy("The emoji can be used now.")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What there is."""
        shown = [(emoji, render_emoji(emoji)["url"]) for emoji in list_own()]
        return super().get_context_data(**kwargs, emojis=shown, category_limit=CATEGORY_LIMIT)

    def make(self, values: dict[str, Any], now: datetime) -> None:
        """Add an emoji."""
        create_emoji(values["picture"], values["shortcode"], category=values["category"], now=now)


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
