"""Remember which process runs a training, and tell "kept" from "refused"."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("training", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="trainingrun",
            name="process",
            field=models.CharField(
                blank=True, help_text="Which process runs it.", max_length=200
            ),
        ),
        migrations.AlterField(
            model_name="trainingrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting"),
                    ("running", "Running"),
                    ("promoted", "Promoted"),
                    ("refused", "Refused"),
                    ("kept", "Finished, not promoted as asked"),
                    ("nothing", "Nothing to learn from"),
                    ("failed", "Failed"),
                ],
                default="queued",
                max_length=8,
            ),
        ),
    ]
