"""What people fill in."""


def filled_in(**changes: str) -> dict[str, str]:
    """A sign-up form without faults."""
    wished = {"username": "anna", "email": "anna@mail.example", "password": "correct horse battery"}
    return {**wished, "agreement": "on", **changes}
