"""The key that says to push services who is pushing."""

from django.db import models


class VapidKey(models.Model):
    """The one key pair of this server for Web Push; apps are bound to it, so it is never replaced.

    ``public_key`` is the P-256 point in base64url (65 bytes, no padding), ``private_key_pem`` PKCS 8.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    public_key = models.CharField(max_length=100)
    private_key_pem = models.TextField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="vapid_key_only_one")]

    def __str__(self) -> str:
        return self.public_key
