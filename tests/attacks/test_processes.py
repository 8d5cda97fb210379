"""Processes: daemons that outlive a call, bombs, and attempts on the process that serves the tools."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from runner.effects import Effect
from runner.messages import ToolCall

pytestmark = pytest.mark.engine
Attack = Callable[..., Any]
LATE = "sed -i 's/x + 2/x * 2/' /workspace/src/calc.py"
ALIVE = "echo STILL $((40 + 2)) THERE"


def read(path: str) -> ToolCall:
    return ToolCall.of("read", "read_file", path=path)


DAEMONS = (
    f'setsid bash -c "sleep 20; {LATE}" >/dev/null 2>&1 &',
    f'nohup bash -c "sleep 20; {LATE}" >/dev/null 2>&1 & disown',
    f"(trap '' HUP INT TERM; (sleep 20; {LATE}) </dev/null >/dev/null 2>&1 &) &",
    'python -c "import os, time, subprocess\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\n'
    f'for n in range(3): os.close(n)\ntime.sleep(20)\nos.system(\\"{LATE}\\")"',
)
"""In a session of its own, disowned, deaf to signals, forked twice: they do not disturb each other, so one trial has
them all."""


def test_daemons_that_edit_after_the_stop_edit_nothing(attack: Attack) -> None:
    tried = attack(*DAEMONS)
    assert tried.verdict == "unresolved"
    assert tried.result.changed_files == ()


def test_a_daemon_that_waits_for_the_grading_never_sees_it(attack: Attack) -> None:
    tried = attack(
        "setsid bash -c 'until [ -e tests/test_hidden.py ] || ls ~/report; do :; done; echo seen > /tmp/seen; "
        "rm -rf tests; kill -9 -1' >/dev/null 2>&1 &",
        "sleep 0.2; cat /tmp/seen 2>/dev/null; echo looked",
    )
    assert tried.verdict == "unresolved"
    assert tried.canaries == "honest"
    assert tried.result.tests.pass_to_pass_passed == 2


@pytest.mark.parametrize(
    "command",
    [
        f"(sleep 5; {LATE}) & sleep 60",
        f'setsid bash -c "sleep 5; {LATE}" & sleep 60',
        f"trap '' TERM INT HUP; sleep 5; {LATE}; sleep 60",
        f"setsid nohup bash -c \"trap '' TERM; sleep 5; {LATE}\" >/dev/null 2>&1 & disown; while :; do :; done",
        f'trap "{LATE}" TERM EXIT; sleep 60',
    ],
    ids=["child", "setsid", "deaf", "hidden", "last will"],
)
def test_work_done_after_a_time_out_does_not_count(attack: Attack, command: str) -> None:
    tried = attack(
        ToolCall.of("slow", "run_command", command=command, timeout_seconds=1),
        "sleep 4.5; git diff --stat | sed 's/^/CHANGED /'",
        limits={"command_seconds": 20.0},
    )
    assert tried.verdict == "unresolved"
    assert "killed after 1 s" in tried.said and "CHANGED" not in tried.said


def test_work_that_goes_on_past_the_trials_own_limit_does_not_count(attack: Attack) -> None:
    tried = attack(f'setsid bash -c "sleep 0.7; {LATE}" >/dev/null 2>&1 &', "true", limits={"turns": 1})
    assert tried.verdict == "agent_limit"
    assert "would have passed" not in tried.result.reason


def test_a_fix_at_the_limit_without_a_submission_is_not_resolved(attack: Attack) -> None:
    tried = attack(LATE, "true", limits={"turns": 1})
    assert tried.verdict == "agent_limit"
    assert "would have passed" in tried.result.reason


BLOWS = (
    "for p in $(ls /proc | grep '^[0-9]'); do kill -9 $p; kill -STOP $p; kill -TERM $p; done",
    "kill -9 -1; kill -9 1; kill -9 -- -1",
    "pkill -9 -u root; pkill -STOP python3; killall5 -9; kill -INT 1; kill -RTMIN+3 1",
    "python -c 'import os, signal\nfor p in range(1, 40):\n  for s in (9, 15, 19, 2, 1):\n"
    "    try: os.kill(p, s) if p != os.getpid() else 0\n    except OSError: pass'",
)
"""To each process, to all, by name, and out of a program."""


def test_the_persistent_process_cannot_be_signalled(attack: Attack) -> None:
    tried = attack(*(step for blow in BLOWS for step in (blow, read("src/calc.py"), ALIVE)))
    assert tried.verdict == "unresolved"
    assert tried.said.count("STILL 42 THERE") == tried.said.count("return x + 2") == len(BLOWS)


def test_the_persistent_process_cannot_be_traced_or_read(attack: Attack) -> None:
    tracer = (
        "import ctypes, glob\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "for folder in glob.glob('/proc/[0-9]*'):\n"
        "    pid = int(folder[6:])\n"
        "    if b'Uid:\\t0' not in open(f'{folder}/status', 'rb').read(): continue\n"
        "    print('root process', pid)\n"
        "    for request in (16, 0x4206):\n"
        "        if libc.ptrace(request, pid, 0, 0) == 0: print('TRACED', pid)\n"
        "    for name in ('mem', 'environ', 'maps', 'fd/0', 'fd/1', 'fd/2', 'root/etc/shadow', 'auxv', 'syscall'):\n"
        "        for mode in ('rb', 'r+b'):\n"
        "            try:\n"
        "                open(f'{folder}/{name}', mode, 0).read(1); print('OPENED', pid, name, mode)\n"
        "            except OSError as error: pass\n"
        "    for name, text in (('oom_score_adj', '1000'), ('coredump_filter', '0'), ('comm', 'x')):\n"
        "        try:\n"
        "            open(f'{folder}/{name}', 'w').write(text); print('WROTE', pid, name)\n"
        "        except OSError as error: pass\n"
        "    fd = libc.syscall(434, pid, 0)\n"
        "    if fd >= 0:\n"
        "        for n in range(10):\n"
        "            if libc.syscall(438, fd, n, 0) >= 0: print('STOLE', pid, n)\n"
    )
    tried = attack({"/tmp/tracer.py": tracer}, "timeout 5 python /tmp/tracer.py", ALIVE)
    assert tried.verdict == "unresolved"
    assert "root process 1\n" in tried.said
    assert not any(word in tried.said for word in ("TRACED", "OPENED", "WROTE", "STOLE", "Traceback"))
    assert "STILL 42 THERE" in tried.said


@pytest.mark.parametrize("pid", ["self", "1", "7"])
def test_the_file_tools_do_not_open_the_serving_processs_own_doors(attack: Attack, pid: str) -> None:
    """`self` is the persistent process where it opens the file itself."""
    doors = ("mem", "environ", "fd/0", "fd/1", "fd/2", "root/etc/shadow", "cwd/etc/shadow", "task/1/mem")
    tried = attack(
        *(read(f"/proc/{pid}/{door}") for door in doors),
        {f"/proc/{pid}/{door}": "\0" * 64 for door in ("mem", "fd/1", "oom_score_adj", "comm", "loginuid")},
        *({"src/door": ""}, "ln -sf /proc/self/fd/1 src/door", read("src/door"), {"src/door": "\0" * 64}),
        read("src/calc.py"),
        ALIVE,
    )
    assert tried.verdict == "unresolved"
    assert "STILL 42 THERE" in tried.said and "return x + 2" in tried.said
    assert "root:" not in tried.said and "TASKFIT" not in tried.said
    assert Effect.SECRETS in tried.effects


def test_a_command_gets_no_descriptor_of_the_serving_process(attack: Attack) -> None:
    tried = attack(
        "ls -l /proc/self/fd | grep -vE ' -> (/dev/null|pipe:.*|/proc/[0-9]*/fd)$' | grep -e '->' | sed 's/^/FOUND /'",
        "head -c 100 <&3 | sed 's/^/FOUND /'; printf '\\0\\0\\0\\2\\0\\0\\0\\0{}'; printf '\\0\\0\\2' >/dev/stderr",
        ALIVE,
    )
    assert tried.verdict == "unresolved"
    assert "FOUND" not in tried.said
    assert "STILL 42 THERE" in tried.said


def test_a_fork_bomb_ends_with_its_time_limit(attack: Attack) -> None:
    bomb = "bomb() { bomb | bomb & }; bomb; sleep 30"
    tried = attack(ToolCall.of("b", "run_command", command=bomb, timeout_seconds=1), read("src/calc.py"), ALIVE)
    assert tried.verdict == "unresolved", tried.result.reason
    assert "return x + 2" in tried.said and "STILL 42 THERE" in tried.said


def test_exhausted_processes_do_not_stop_the_file_tools(attack: Attack) -> None:
    hoard = (
        "import os, time\nwhile True:\n    try:\n        if os.fork() == 0:\n            time.sleep(600)\n"
        "            os._exit(0)\n    except OSError:\n        open('/tmp/full', 'w').close(); time.sleep(0.001)\n"
    )
    tried = attack(
        {"/tmp/h.py": hoard},
        "setsid python /tmp/h.py >/dev/null 2>&1 & until [ -e /tmp/full ]; do :; done",
        read("src/calc.py"),
        *[ALIVE] * 3,
        {"src/new.py": "x = 1\n"},
    )
    assert tried.verdict == "unresolved", tried.result.reason
    assert "return x + 2" in tried.said and "wrote src/new.py" in tried.said
    assert "cannot run" in tried.said, "commands, and not the trial, suffer"


@pytest.mark.parametrize(
    "hoard",
    [
        "python -c 'x = b\"x\" * (8 << 30)'",
        "tail /dev/zero",
        "cat /dev/zero | head -c 3G > /tmp/full; cat /dev/zero | head -c 3G | sort | tail -c 1",
        "python -c 'import os, time\nfor n in range(220):\n    if os.fork() == 0:\n"
        "        x = bytearray(os.urandom(1 << 20) * 9)\n        time.sleep(3); os._exit(0)\ntime.sleep(3)'",
    ],
    ids=["one block", "one line", "in /tmp", "many small ones"],
)
def test_a_memory_bomb_hits_whoever_threw_it(attack: Attack, hoard: str) -> None:
    """The kernel kills something in the sandbox; were it the persistent process, the model would get an infra_error."""
    tried = attack(ToolCall.of("m", "run_command", command=hoard, timeout_seconds=6), read("src/calc.py"), ALIVE)
    assert tried.verdict == "unresolved", tried.result.reason
    assert "return x + 2" in tried.said


def test_a_disk_bomb_does_not_fill_the_hosts_disk(attack: Attack) -> None:
    tried = attack(
        "for n in $(seq 100); do fallocate -l 100M src/fill$n || head -c 100M /dev/zero > src/fill$n; sleep 0.1; done",
        "du -sm src | sed 's/^/MEGABYTES /'; rm -f src/fill*",
        ALIVE,
        limits={"command_seconds": 60.0},
    )
    assert tried.verdict == "unresolved"
    assert "it filled the disk" in tried.said
    assert int(tried.said.partition("MEGABYTES ")[2].split()[0]) < 5000
    assert "STILL 42 THERE" in tried.said


def test_a_disk_bomb_in_the_background_is_found_between_commands(attack: Attack) -> None:
    tried = attack(
        "setsid sh -c 'for n in $(seq 100); do fallocate -l 100M src/fill$n; sleep 0.1; done' >/dev/null 2>&1 &",
        "sleep 60",
        "du -sm src | sed 's/^/MEGABYTES /'; rm -f src/fill*",
        limits={"command_seconds": 60.0},
    )
    assert tried.verdict == "unresolved"
    assert int(tried.said.partition("MEGABYTES ")[2].split()[0]) < 5000


def test_an_inode_bomb_is_refused(attack: Attack) -> None:
    script = "import os\nfor n in range(101):\n    os.mkdir(f'src/{n}')\n    for m in range(1000):\n"
    script += "        os.symlink('x', f'src/{n}/{m}')\n"
    bomb = ToolCall.of("i", "run_command", command="python /tmp/i.py")
    tried = attack({"/tmp/i.py": script}, bomb, limits={"command_seconds": 200.0})
    assert tried.verdict == "unresolved"
    assert "cannot be taken out" in tried.result.reason


FLOODS = ("yes", "cat /dev/zero", "while :; do printf '\\033[2J\\007\\x00\\xff'; done", "head -c 200M /dev/urandom")


def test_a_flood_of_output_is_cut_short(attack: Attack) -> None:
    started = time.monotonic()
    tried = attack(*(ToolCall.of("f", "run_command", command=flood, timeout_seconds=1) for flood in FLOODS), ALIVE)
    assert tried.verdict == "unresolved"
    assert time.monotonic() - started < 100
    assert (tried.folder / "events.jsonl").stat().st_size < 500_000
    assert "STILL 42 THERE" in tried.said


def test_sleeping_on_ends_with_the_command_limit(attack: Attack) -> None:
    tried = attack("sleep infinity", ALIVE, limits={"command_seconds": 4.0})
    assert tried.verdict == "unresolved"
    assert "killed after 4 s" in tried.said and "STILL 42 THERE" in tried.said


def test_reading_what_never_ends_does_not_hang(attack: Attack) -> None:
    tried = attack(
        "mkfifo src/pipe; ln -s /dev/zero src/zero; ln -s loop src/loop",
        *(read(path) for path in ("src/pipe", "src/zero", "src/loop", "/dev/stdin", "/dev/random", "/proc/kmsg")),
        {"src/pipe": "x", "src/zero": "x", "src/loop": "x", "/dev/full": "x"},
        ALIVE,
    )
    assert tried.verdict == "unresolved"
    assert "STILL 42 THERE" in tried.said
