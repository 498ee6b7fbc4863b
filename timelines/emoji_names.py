"""Emoji as people send them: is this text one?

Called by timelines/announcements.py. Pure. The ranges are those that Unicode gives to emoji; a code point
that Unicode assigns later within them passes as well.
Source: UTS 51, ED-14 to ED-20.
"""

import re

_BASE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_PART = f"{_BASE}[\U0001f3fb-\U0001f3ff]?\ufe0f?"
_KEYCAP = "[0-9#*]\ufe0f?\u20e3"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_REGION = "\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
_EMOJI = re.compile(f"(?:{_KEYCAP}|{_FLAG}|{_REGION}|{_PART}(?:\u200d{_PART})*)")
_LONGEST = 40


def is_emoji(text: str) -> bool:
    """Tell whether the text is exactly one emoji."""
    return len(text) <= _LONGEST and _EMOJI.fullmatch(text) is not None
