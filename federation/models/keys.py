"""Keys: ours with their private half, and the cached public ones of others."""

from django.db import models


class SigningKey(models.Model):
    """The RSA key pair that an actor of ours signs with; kept after deletion until deliveries are done."""

    actor_uri = models.CharField(max_length=2048, unique=True)
    key_id = models.CharField(max_length=2100, unique=True)
    private_key_pem = models.TextField()
    public_key_pem = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key_id


class RemoteKey(models.Model):
    """A public key that its owner lists; failed fetches are in the cache: strangers must not fill a table."""

    key_id = models.CharField(max_length=2100, unique=True)
    actor_uri = models.CharField(max_length=2048, db_index=True)
    public_key_pem = models.TextField()
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key_id
