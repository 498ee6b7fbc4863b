"""What PostgreSQL has to bring for search by parts of words and without accents."""

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    # The tables that are indexed by these come after.
    run_before = [("accounts", "0001_initial")]
    operations = [TrigramExtension(), UnaccentExtension()]
