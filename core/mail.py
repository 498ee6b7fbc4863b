"""Mail to people: one template per mail, in the reader's language, as text and as HTML.

`mail/<name>.txt` opens with the subject line, then a blank line, then the text; `mail/<name>.html` says the
same. Called by the jobs on the queue `mail`, never inside a transaction.
"""

from collections.abc import Mapping
from email.utils import make_msgid
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context
from django.template.loader import get_template, render_to_string
from django.utils import translation


def send_mail(
    template: str, to: str, locale: str, context: Mapping[str, Any], unsubscribe_url: str = ""
) -> None:
    """Send one mail to one address; raises OSError (SMTP errors included) when it could not be handed over.

    It is marked as automatic (RFC 3834 §5), so that no holiday notice answers it. Mail programs post to
    ``unsubscribe_url``, if there is one, when the reader wants no more of the kind (RFC 8058).
    """
    values = {
        "instance_name": settings.INSTANCE_NAME,
        "contact_email": settings.CONTACT_EMAIL,
        "base_url": settings.BASE_URL,
        **context,
    }
    with translation.override(locale):
        subject, body = _text_of(template, values)
        html = render_to_string(f"mail/{template}.html", {**values, "subject": subject, "locale": locale})
    mail = EmailMultiAlternatives(subject, body, to=[to], headers=_headers(locale, unsubscribe_url))
    mail.attach_alternative(html, "text/html")
    mail.send()


def _text_of(template: str, values: Mapping[str, Any]) -> tuple[str, str]:
    source: Any = get_template(f"mail/{template}.txt")
    # Plain text: an ampersand in a link has to stay one.
    text = source.template.render(Context(dict(values), autoescape=False))
    subject, _, body = text.strip().partition("\n")
    return " ".join(subject.split()), body.strip() + "\n"


def _headers(locale: str, unsubscribe_url: str) -> dict[str, str]:
    one_click = {
        "List-Unsubscribe": f"<{unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return (one_click if unsubscribe_url else {}) | {
        "Message-ID": make_msgid(domain=settings.LOCAL_DOMAIN.partition(":")[0]),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Content-Language": locale,
    }
