"""User: a person's login. Membership: as which accounts a person acts."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from accounts.models.account import Account
from core.fields import SnowflakeField


class UserManager(BaseUserManager["User"]):
    """Finds people by e-mail address, however it is cased."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person who signs in with e-mail address and password."""

    class Role(models.TextChoices):
        USER = "user"
        MODERATOR = "moderator"
        ADMIN = "admin"

    id = SnowflakeField()
    # Stored in lower case, so that one address is one person.
    email = models.CharField(max_length=320, unique=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.USER)
    locale = models.CharField(max_length=10, default="de")
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    last_active_on = models.DateField(null=True, blank=True)
    accounts: "models.ManyToManyField[Account, Membership]" = models.ManyToManyField(
        Account, through="Membership", related_name="users"
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"

    def __str__(self) -> str:
        return f"user {self.pk}"

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """What Django's login asks: a disabled person cannot sign in."""
        return self.disabled_at is None

    @property
    def is_staff(self) -> bool:
        """True for moderators and administrators."""
        return self.role in (self.Role.MODERATOR, self.Role.ADMIN)


class Membership(models.Model):
    """A person may act as an account, in a role; the oldest one is the person's own account."""

    class Role(models.TextChoices):
        OWNER = "owner"
        EDITOR = "editor"
        AUTHOR = "author"
        READER = "reader"

    id = SnowflakeField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.OWNER)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "account"], name="membership_unique")]
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"user {self.user_id} as account {self.account_id}: {self.role}"
