"""The rules that everybody agrees to when they sign up; the sign-up page and instance documents show them.

The ids are stable: reports will refer to them.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Rule:
    """One rule: a sentence, and a hint that says more."""

    id: int
    text: Promise
    hint: Promise


RULES = (
    Rule(1, _("Treat each other with respect."), _("Argue about matters, not about persons.")),
    Rule(
        2,
        _("No hatred, no harassment, no discrimination."),
        _("Nobody is attacked for origin, gender, faith, disability, age or whom they love."),
    ),
    Rule(
        3,
        _("Nothing that the law forbids."),
        _("Share only what you have the right to share, pictures of others included."),
    ),
    Rule(
        4,
        _("No advertising and no automated mass messages."),
        _("Telling what your co-operative does and offers is welcome."),
    ),
    Rule(
        5,
        _("Describe pictures and mark what may disturb."),
        _("Alternative texts and content warnings let everybody take part."),
    ),
)
