"""Write the words of the photos that are there already."""

from typing import ClassVar

from django.db import migrations

from tagging.finding.text import split_words


def write_words(apps, schema_editor):
    """Write the words of every text, a few hundred photos at a time."""
    images = apps.get_model("gallery", "Image").objects.order_by("pk")
    words = apps.get_model("tagging", "PhotoWord").objects
    batch = []
    for pk, *texts in images.values_list("pk", "title", "description", "alt").iterator():
        batch += [words.model(image_id=pk, word=word) for word in split_words(" ".join(texts))]
        if len(batch) > 2000:
            words.bulk_create(batch, batch_size=500)
            batch = []
    words.bulk_create(batch, batch_size=500)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tagging", "0009_finding")]
    operations: ClassVar = [migrations.RunPython(write_words, migrations.RunPython.noop)]
