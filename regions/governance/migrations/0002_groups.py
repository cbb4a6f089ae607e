"""Have the groups that the policy names, so that an operator can put people into them."""

from django.db import migrations

# As they were named when this was written: a migration does not follow the policy's later life.
GROUPS = ("product-managers", "translators", "approvers")


def add_groups(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in GROUPS:
        group.objects.using(schema_editor.connection.alias).get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        # Back again nothing is taken away: people may be in the groups by then.
        migrations.RunPython(add_groups, migrations.RunPython.noop),
    ]
