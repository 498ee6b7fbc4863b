"""Accounts and relations as apps see them; everybody imports from here."""

from accounts.entities.account import (
    avatar_url,
    header_url,
    render_account,
    render_account_for,
    render_accounts,
    render_accounts_for,
    render_muted_accounts,
)
from accounts.entities.own import default_visibility, render_credential_account, render_profile
from accounts.entities.relationship import render_relationship, render_relationships

__all__ = [
    "avatar_url",
    "default_visibility",
    "header_url",
    "render_account",
    "render_account_for",
    "render_accounts",
    "render_accounts_for",
    "render_credential_account",
    "render_muted_accounts",
    "render_profile",
    "render_relationship",
    "render_relationships",
]
