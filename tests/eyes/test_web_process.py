"""A web process stays light: no network code, whatever page it serves."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
import eyes.wsgi
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
call_command("migrate", verbosity=0)
from gallery.models import User
User.objects.create_superuser("mona", "", "mona-secret-9")
client = Client(headers={"host": "localhost"})
pages = ["/", "/upload/", "/tags/", "/search/?q=cat", "/models/", "/review/", "/review/grid/",
         "/healthz", "/api/v1/images/", "/api/schema/", "/admin/", "/admin/policy/", "/notices/",
         "/models/0/"]
pages += [f"/admin/{m._meta.app_label}/{m._meta.model_name}/" for m in admin.site._registry]
assert client.get("/accounts/login/").status_code == 200
client.force_login(User.objects.get())
from tagging.models import ModelVersion
bootstrap = ModelVersion.objects.bootstrap()
pages += [f"/admin/tagging/modelversion/{bootstrap.pk}/change/"]
import numpy as np
from gallery.models import Image
from tagging.models import Content, Embedding, TwinGroup
from tagging.services.vectors import catch_up_vectors
for letter in "ab":
    image = Image.objects.create(
        owner=User.objects.get(), sha256=letter * 64, dhash=letter * 64, file_format="jpeg",
        width=96, height=64, byte_size=1, rendition_widths=[96], visibility="public")
    content = Content.objects.create(
        sha256=letter * 64, dhash=letter * 64, group=TwinGroup.objects.create())
    vector = np.ones(1792, np.float16).tobytes()
    Embedding.objects.create(content=content, backbone="efficientnet_lite0", vector=vector)
catch_up_vectors(backbone="efficientnet_lite0")
assert "Similar photos" in client.get(image.get_absolute_url()).text
pages += [f"/api/v1/images/{image.pk}/similar/"]
from training.learning.examples import Examples, write_manifest
from training.models import DatasetVersion, TrainingRun, Tuning
manifest = write_manifest(Examples((), (), np.zeros((0, 0), np.int8), (), (), ()), unknown_weight=0)
dataset = DatasetVersion.objects.create(
    sha256=manifest.sha256, manifest=manifest.packed, photos=0)
run = TrainingRun.objects.create(state="running", dataset=dataset)
Tuning.objects.create(run=run, base="efficientnet_lite0", dataset=dataset, contact_sheet=b"jpeg",
                      backbone="efficientnet_lite0+1a2b3c4d")
run_page = f"/admin/training/trainingrun/{run.pk}/"
pages += ["/models/progress/", "/models/", run_page + "change/", run_page + "contact-sheet/"]
assert client.post("/admin/training/trainingrun/fine-tune/").status_code == 302
for page in pages:
    response = client.get(page)
    assert response.status_code == 200, (page, response.status_code)
heavy = {"tensorflow", "keras", "onnxruntime", "onnx", "tf2onnx", "skimage", "scipy",
         "cleanlab", "pandas", "sklearn"}
print("heavy:", sorted(heavy & set(sys.modules)))
"""


def test_no_page_imports_tensorflow_keras_or_onnx_runtime(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        env={
            "PATH": "/usr/bin:/bin",
            "DATABASE_URL": "sqlite://:memory:",
            "EYES_SECRET_KEY": "x" * 60,
            "EYES_DEBUG": "1",
            "EYES_STATE_DIR": str(tmp_path),
        },
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().splitlines()[-1] == "heavy: []"
