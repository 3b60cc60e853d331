"""A web process stays light: no network code, whatever page it serves."""

import subprocess
import sys

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
pages = ["/", "/upload/", "/tags/", "/search/?q=cat", "/models/", "/healthz", "/api/v1/images/",
         "/api/schema/", "/admin/", "/admin/policy/"]
pages += [f"/admin/{m._meta.app_label}/{m._meta.model_name}/" for m in admin.site._registry]
assert client.get("/accounts/login/").status_code == 200
client.force_login(User.objects.get())
for page in pages:
    response = client.get(page)
    assert response.status_code == 200, (page, response.status_code)
heavy = {"tensorflow", "keras", "onnxruntime", "onnx", "tf2onnx", "skimage", "scipy"}
print("heavy:", sorted(heavy & set(sys.modules)))
"""


def test_no_page_imports_tensorflow_keras_or_onnx_runtime() -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        env={
            "PATH": "/usr/bin:/bin",
            "DATABASE_URL": "sqlite://:memory:",
            "EYES_SECRET_KEY": "x" * 60,
            "EYES_DEBUG": "1",
        },
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().splitlines()[-1] == "heavy: []"
