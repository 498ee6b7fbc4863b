"""The German translation is complete."""

from genosocial.catalogues import german_faults


def test_every_text_has_a_finished_german_translation() -> None:
    assert german_faults() == []
