"""What eyes sees of a machine, for `manage.py devices` and for the admin."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from gallery.models import User
from tagging import devices
from tagging.devices import Gpu, read_gpus, read_processor, why_not_used
from tests.tagging.gpu_cast import GIGABYTE, install_gpus

ROOT = Path(__file__).resolve().parents[2]
INTEL = "model name\t: Intel(R) Xeon(R) 8481C\nflags\t\t: fpu avx2 avx512f avx512_vnni {}\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\n"


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the command prints, on one line so that sentences may break."""
    call_command("devices")
    return " ".join(capsys.readouterr().out.split())


def told_in_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    call_command("devices", "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_features_of_the_cpu_are_named_as_people_name_them(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(INTEL.format("amx_bf16 amx_tile"))
    processor = read_processor(tmp_path / "cpuinfo")
    assert processor.model == "Intel(R) Xeon(R) 8481C"
    assert processor.features == ("AVX2", "AVX-512", "AVX-512 VNNI", "AMX BF16")
    assert processor.has_bfloat16
    (tmp_path / "cpuinfo").write_text(INTEL.format("smep"))
    assert not read_processor(tmp_path / "cpuinfo").has_bfloat16
    (tmp_path / "cpuinfo").write_text(ARM)
    assert read_processor(tmp_path / "cpuinfo").features == ("NEON", "BF16", "I8MM")


def test_a_machine_that_says_nothing_of_its_cpu_still_has_cores_and_memory(tmp_path: Path) -> None:
    processor = read_processor(tmp_path / "nothing")
    assert processor.cores >= 1
    assert processor.memory_bytes > 0
    assert processor.features == ()


def test_a_limit_of_the_container_is_the_memory_in_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory.max").write_text("300000000\n")
    (tmp_path / "other").write_text("max\n")
    monkeypatch.setattr(devices, "_LIMITS", (tmp_path / "other", tmp_path / "memory.max"))
    assert read_processor().memory_bytes == 300_000_000


def test_gpus_are_read_with_memory_load_and_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    install_gpus(monkeypatch, "NVIDIA H100", "NVIDIA L4")
    assert read_gpus() == [
        Gpu("NVIDIA H100", 80 * GIGABYTE, 12 * GIGABYTE, 37, "570.86.15"),
        Gpu("NVIDIA L4", 80 * GIGABYTE, 12 * GIGABYTE, 37, "570.86.15"),
    ]


def test_without_package_or_driver_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    install_gpus(monkeypatch, "NVIDIA H100", broken=True)
    assert read_gpus() == []
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert read_gpus() == []


def test_without_a_gpu_the_command_imports_no_network_library() -> None:
    code = (
        "import os, sys; os.environ.update(DJANGO_SETTINGS_MODULE='eyes.settings', "
        "CUDA_VISIBLE_DEVICES='-1'); import django; django.setup(); "
        "from django.core.management import call_command; call_command('devices'); "
        "print(sorted({'tensorflow', 'keras', 'onnxruntime', 'openvino'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_the_command_names_the_engine_and_what_each_backbone_lacks(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    text = told(capsys)
    assert "Engine onnx, since there is no GPU that TensorFlow could use" in text
    assert "efficientnet_lite0: its weights are here; it is prepared when it is first used" in text
    assert "convnext_tiny: without weights yet (manage.py fetch_backbone KEY)" in text
    assert "Backbone vgg16" not in text
    settings.EYES_ENGINE = "keras"
    assert "Engine keras, since EYES_ENGINE=keras says so" in told(capsys)


@pytest.mark.network
def test_a_prepared_backbone_is_ready(
    network_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told_in_json(capsys)
    states = {row["key"]: (row["is_ready"], row["engine"]) for row in found["backbones"]}
    assert states["efficientnet_lite0"] == (True, found["engine"])
    assert states["vgg16"] == (False, found["engine"])


def test_a_gpu_that_tensorflow_does_not_see_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install_gpus(monkeypatch, "NVIDIA H100")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    text = told(capsys)
    assert "GPU NVIDIA H100: 12.9 GB of 85.9 GB in use, 37 % busy; driver 570.86.15" in text
    assert "There is a GPU, but TensorFlow cannot use it. CUDA_VISIBLE_DEVICES hides it" in text
    found = told_in_json(capsys)
    assert (found["engine"], found["tensorflow_sees_gpu"]) == ("onnx", False)
    assert found["gpus"][0]["load"] == 37


@pytest.mark.parametrize(
    ("driver", "advice"),
    [
        ("470.82.01", r"driver 470\.82\.01 is older than 525\.60\.13"),
        ("525.60.13", "libraries|open"),
    ],
)
def test_the_advice_begins_with_the_driver(
    monkeypatch: pytest.MonkeyPatch, driver: str, advice: str
) -> None:
    import re

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    sentence = why_not_used([Gpu("NVIDIA T4", 16, 0, None, driver)])
    assert re.search(advice, sentence)
    assert ("older" in sentence) == (driver == "470.82.01")


@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_openvino_is_named_only_where_it_helps(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    settings.EYES_ENGINE = engine
    advice = " ".join(told_in_json(capsys)["advice"])
    expected = engine == "onnx" and read_processor().has_bfloat16
    assert ("EYES_ENGINE=openvino" in advice) == expected


def test_the_admin_shows_gpus_where_there_are_some(
    client: Client, mona: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(mona)
    install_gpus(monkeypatch, "NVIDIA <H100>")
    page = client.get(reverse("admin:index")).content.decode()
    assert "NVIDIA &lt;H100&gt;" in page
    assert "12.0\xa0GB of 80.0\xa0GB" in page
    assert "37 %" in page
    install_gpus(monkeypatch, "NVIDIA L4", tells_load=False)
    assert "not told" in client.get(reverse("admin:index")).content.decode()


def test_the_admin_has_no_panel_without_a_gpu(
    client: Client, mona: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(mona)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "Graphics processors" not in client.get(reverse("admin:index")).content.decode()


def test_the_admin_page_of_a_gpu_imports_no_tensorflow() -> None:
    """In a process of its own, since tests before this one may have imported it."""
    code = (
        "import sys, types; from tests.tagging.gpu_cast import install_gpus; import pytest; "
        "patch = pytest.MonkeyPatch(); install_gpus(patch, 'NVIDIA H100'); "
        "from tagging.templatetags.devices import gpus_panel; assert gpus_panel()['gpus']; "
        "print(sorted({'tensorflow', 'keras', 'onnxruntime'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
