"""Several programs live and end as one."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from eyes.supervisor import Child, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_child_that_keeps_failing_ends_everything_with_code_1() -> None:
    said: list[str] = []
    failing = Child("The fragile one", [sys.executable, "-c", "raise SystemExit(3)"])
    steady = Child("The steady one", SLEEPER)
    old = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        code = Supervisor([steady, failing], said.append).run(lambda: False, "ready")
    finally:
        signal.signal(signal.SIGINT, old[0])
        signal.signal(signal.SIGTERM, old[1])
    assert code == 1
    assert "The fragile one keeps stopping; its messages are above." in said
    assert said[-1] == "Everything is stopped."
    assert steady.process is not None
    assert steady.process.returncode is not None


def test_sigterm_stops_every_child_and_what_they_started(tmp_path: Path) -> None:
    grandchild_file = tmp_path / "grandchild"
    script = textwrap.dedent(f"""
        import sys
        from eyes.supervisor import Child, Supervisor
        nested = (
            "import subprocess, sys, time, pathlib;"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
            "pathlib.Path({str(grandchild_file)!r}).write_text(str(child.pid));"
            "time.sleep(60)"
        )
        children = [Child("nested", [sys.executable, "-c", nested])]
        say = lambda sentence: print(sentence, flush=True)
        sys.exit(Supervisor(children, say).run(lambda: True, "ready"))
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline().strip() == "ready"
        while not grandchild_file.exists() or not grandchild_file.read_text():
            time.sleep(0.05)
        program.terminate()
        output, _ = program.communicate(timeout=30)
    assert program.returncode == 0
    assert output.strip().endswith("Everything is stopped.")
    assert not is_alive(int(grandchild_file.read_text()))


def is_alive(pid: int) -> bool:
    """Return whether the process still runs; a zombie waiting to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return state != "Z"
