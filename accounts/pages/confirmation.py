"""Proving the e-mail address: the page that the link in the mail opens, and another mail on wish.

Opening the link changes nothing, since mail scanners and previews open links too; the button does. The secret
in the address is what allows it, and its page tells no other page where it was (no referrer), so that
browsers send `Origin: null` with the form: Django's check against forged forms could only refuse it, and
nobody who does not know the secret can forge it.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.registration import confirm_email, get_user_to_confirm, send_confirmation_again
from core.errors import NotFound
from core.pages import keep_secret, spend
from core.ratelimit import Limit

# A whole workshop may sit behind one address.
PER_READER = Limit("confirm-reader", 200, 600)
MAILS_PER_READER = Limit("confirmation-mail-reader", 10, 3600)
MAILS_PER_ADDRESS = Limit("confirmation-mail-address", 3, 3600)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show the button that confirms (GET), or confirm (POST)."""
    spend(request, (PER_READER, None))
    try:
        user = get_user_to_confirm(token)
    except NotFound:
        return keep_secret(render(request, "accounts/confirm_unknown.html", status=404))
    if request.method == "POST":
        confirm_email(user)
        messages.success(request, _("Your e-mail address is confirmed. You can sign in now."))
        return keep_secret(redirect("login"))
    return keep_secret(render(request, "accounts/confirm.html", {"person": user}))


@require_POST
def mail_again(request: HttpRequest) -> HttpResponse:
    """Send the confirmation mail once more; the answer tells nobody whether there is such a login."""
    address = request.POST.get("email", "").strip().lower()
    spend(request, (MAILS_PER_READER, None), (MAILS_PER_ADDRESS, address))
    send_confirmation_again(address)
    messages.success(request, _("If this address waits for its confirmation, a new mail is on its way."))
    return redirect("login")
