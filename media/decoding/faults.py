"""Why a file is refused, as the process that read it says so; media/faults.py has the words for people."""

from enum import StrEnum


class Fault(StrEnum):
    """What is wrong with a file."""

    UNSUPPORTED = "unsupported"
    DAMAGED = "damaged"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_FRAMES = "too_many_frames"
    FRAME_TOO_LARGE = "frame_too_large"
    TOO_MANY_FRAMES_A_SECOND = "too_many_frames_a_second"
    NOTHING_TO_SHOW = "nothing_to_show"
    TOO_SLOW = "too_slow"
    FAILED = "failed"


class Refused(Exception):
    """The file cannot be taken; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault
