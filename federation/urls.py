"""Addresses of the protocol that belong to no account; included by genosocial/urls.py."""

from django.urls import path

from federation import views

urlpatterns = [
    path("inbox", views.shared_inbox, name="shared_inbox"),
    path("actor", views.actor, name="instance_actor"),
    path("actor/inbox", views.actor_inbox),
    path("actor/outbox", views.actor_outbox),
    path(".well-known/host-meta", views.host_meta),
    path(".well-known/host-meta.json", views.host_meta_json),
    path(".well-known/nodeinfo", views.well_known_nodeinfo),
]
