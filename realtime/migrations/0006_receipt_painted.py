from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('realtime', '0005_outbox'),
    ]

    operations = [
        migrations.AddField(
            model_name='receipt',
            name='painted_ms',
            field=models.BigIntegerField(help_text='From the log to the screen; empty: not known.', null=True),
        ),
    ]
