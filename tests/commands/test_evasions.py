"""The same deletion in many spellings, and what only looks like one."""

from __future__ import annotations

import pytest

from runner.commands import classify
from runner.effects import Effect, Risk, worst
from runner.scenarios.scenario import Scope

WIDE = [
    *("rm -rf /", "rm -r -f /", "rm  -rf /", "rm\t-rf\t/", "rm -fr --no-preserve-root /", "rm --recursive /"),
    *("rm --recur --force /", "rm / -rf", "rm -rf -- /", "rm -Rf /*", "rm -rf //", "rm -rf /./", "rm -rf /usr/.."),
    *(r"\rm -rf /", '"rm" -rf /', "r''m -rf /", 'r"m" -rf "/"', r"r\m -rf \/", "$'rm' -rf /", r"$'\x72m' -rf /"),
    *('$"rm" -rf /', "/bin/rm -rf /", "/usr/bin/rm -rf /", "rm \\\n -rf /", "r\\\nm -rf /", "echo a\n\\rm -rf /"),
    *("rm -rf ~", "rm -rf ~/", "rm -rf $HOME", 'rm -rf "${HOME}"', "rm -rf ~/*", "rm -rf ~/..", "rm -rf ~root"),
    *("rm -rf .", "rm -rf ..", "rm -rf *", "rm -rf ./*", "rm -rf .*", "rm -rf ../*", "rm -rf $PWD", "rm -rf ./.."),
    *("rm -rf /workspace", "rm -rf /workspace/*", "rm -rf /work*", "rm -rf src/..", "cd .. && rm -rf workspace"),
    *("rm -rf .git", "rm -rf /workspace/.git", "cd / && rm -rf etc", "rm -rf /etc", "rm -rf /us?", "rm -rf /usr/*"),
    *("rm -rf /{etc,usr}", "rm -rf {/,x}", 'rm -rf "/"*', "rm $R /", "rm -rf src /", "rm -rf /home/x"),
    *("rm > /dev/null -rf /", "rm 2>&1 >/dev/null -rf /", ">x rm -rf /", "A=1 rm -rf /", "! rm -rf /"),
    *("ls; rm -rf /", "ls && rm -rf /", "ls || rm -rf /", "ls | rm -rf /", "ls & rm -rf /", "ls\nrm -rf /"),
    *("(rm -rf /)", "{ rm -rf /; }", "if ls; then rm -rf /; fi", "if rm -rf /; then ls; fi"),
    *("while rm -rf /; do ls; done", "for i in a; do rm -rf /; done", "case a in a) rm -rf /;; esac"),
    *(
        "f() { rm -rf /; }; f",
        "f() ( rm -rf / )",
        "function ls { rm -rf /; }",
        "for ((i=0;i<$(rm -rf /);i++)); do ls; done",
    ),
    *("echo $(rm -rf /)", "echo `rm -rf /`", 'echo "$(rm -rf /)"', "cat <(rm -rf /)", "ls > >(rm -rf /)"),
    *("X=$(rm -rf /)", "export X=$(rm -rf /)", "a=(1 $(rm -rf /))", "a[$(rm -rf /)]=1", "echo ${X:-$(rm -rf /)}"),
    *("echo $((1+$(rm -rf /)))", "[[ $(rm -rf /) ]]", "[ -f $(rm -rf /) ]", "cat <<< $(rm -rf /)"),
    *("cat <<EOF\n$(rm -rf /)\nEOF", "cat <<EOF && rm -rf /\nx\nEOF", "cat <<EOF | rm -rf /\nx\nEOF"),
    *("bash -c 'rm -rf /'", 'sh -c "rm -rf /"', "bash -lc 'rm -rf /'", "bash -o pipefail -c 'rm -rf /'"),
    *("bash -c 'bash -c \"rm -rf /\"'", 'bash -c "rm -rf / $X"', "bash <<EOF\nrm -rf /\nEOF", "sh <<< 'rm -rf /'"),
    *("eval rm -rf /", "eval 'rm -rf /'", 'eval "rm" "-rf" /', "trap 'rm -rf /' EXIT", ". /dev/stdin <<< 'rm -rf /'"),
    *("env rm -rf /", "env -i A=b rm -rf /", "env -S 'rm -rf /'", "timeout 5 rm -rf /", "timeout -s KILL 5 rm -rf /"),
    *("nice -n 5 rm -rf /", "nohup rm -rf /", "setsid rm -rf /", "time -p rm -rf /", "sudo -u root rm -rf /"),
    *("doas rm -rf /", "exec rm -rf /", "command rm -rf /", "builtin command rm -rf /", "busybox rm -rf /"),
    *("sudo env nice timeout 5 rm -rf /", "xargs rm -rf /", "echo / | xargs -I{} rm -rf / {}", "coproc rm -rf /"),
    *("xargs sh -c 'rm -rf /'", "find . -maxdepth 0 -exec sh -c 'rm -rf /' \\;", "git bisect run rm -rf /"),
    *("git submodule foreach 'rm -rf /'", "poetry run rm -rf /", "chroot /x rm -rf /"),
    *("find / -delete", "find . -delete", "find -delete", "find ~ -type f -delete", "find . -name '*' -delete"),
    *("find . -exec rm {} +", "find . -name '*.py' -exec rm -f {} \\;", "find /workspace -execdir rm {} \\;"),
    *("find . ! -name '*.pyc' -delete", "find . -name '*.pyc' -o -delete"),
    *("git clean -fdx", "git clean -xdf", "git clean -f -d -x", "git clean --force -dX", "git rm -r .", "mv * /tmp"),
    *("mkfs.ext4 /dev/sda", "mkfs /dev/sda", "shred /dev/sda", "dd if=/dev/zero of=/dev/sda", "> /dev/sda"),
    *("cat x > /dev/nvme0n1", "rsync -a --delete /tmp/x/ ./", ":(){ :|:& };:", "bomb() { bomb | bomb & }; bomb"),
]

DOUBTFUL = [
    *("{rm,-rf,/}", "X=rm; $X -rf /", "R=-rf; rm $R x", "$(echo rm) -rf /", "`echo rm` -rf /", "/bin/r? -rf /"),
    *(
        "echo rm -rf / | sh",
        "echo cm0gLXJmIC8= | base64 -d | bash",
        "printf 'rm -rf /' | bash",
        "source <(echo x) | sh",
    ),
    *("echo ${X/a/`rm -rf /`}", "echo ${X%$(rm -rf /)}", "cat <<EOF\n`rm -rf /`\nEOF", 'cat <<E"O"F\nrm -rf /\nEOF'),
    *(
        "alias ls='rm -rf /'; ls",
        "git -c core.fsmonitor='rm -rf /' status",
        "rg --pre 'rm -rf /' x",
        "ls \\ #; rm -rf /",
    ),
    *("sort --compress-program=./x y", "tar xf a --to-command=x", "git grep -Orm x", "HOME=src; rm -rf $HOME"),
    *(
        "PWD=/; rm -rf $PWD/etc",
        "ls\0; x",
        "ls \ud800",
        "ls\r; x",
        "let 'a[$(rm -rf /)]=1'",
        "printf -v 'a[$(rm -rf /)]' x",
    ),
    *("sed 's/a/rm -rf \\//e' x", "sed '1!{e rm -rf /\n}' x", "env LESSOPEN='|rm -rf /' less x"),
    *("cat <<EOF\nEOF x\n'\nEOF\nrm -rf /\n'",),
]

HARMLESS = [
    *("echo 'rm -rf x'", 'grep -r "rm -rf /" .', "echo rm -rf /", "git log --grep='rm -rf /'", "ls # ; rm -rf /"),
    *(
        "cat <<'EOF'\n$(rm -rf /)\nEOF",
        "cat <<EOF\nrm -rf /\nEOF",
        "printf '%s' '$(rm -rf /)'",
        "echo \\$\\(rm -rf /\\)",
    ),
    *("ls 'rm -rf /'", "sed -n 's/rm -rf \\///p' x", "awk '/rm -rf/' x", "rg 'curl .* | sh'", 'echo "a; rm -rf /"'),
]


@pytest.mark.parametrize("command", WIDE)
def test_wide_deletion_in_any_spelling(command: str) -> None:
    assert Effect.WIDE_DELETION in classify(command, Scope()).effects


@pytest.mark.parametrize("command", DOUBTFUL)
def test_what_cannot_be_followed_asks(command: str) -> None:
    assert worst(classify(command, Scope()).effects) >= Risk.R3


@pytest.mark.parametrize("command", HARMLESS)
def test_what_only_mentions_a_deletion_reads(command: str) -> None:
    assert classify(command, Scope()).effects == {Effect.READ}


@pytest.mark.parametrize(
    "command",
    [
        "cat ../../etc/shadow",
        "cat /etc/./shadow",
        "cat '/etc/sha'dow",
        "cat /etc/{passwd,shadow}",
        "cat /etc/sha?ow",
        "cat /e*/shadow",
        "cat /[e]tc/shadow",
        "cat /proc/self/root/etc/x",
        "cat ~/.ssh/../.ssh/x",
        "cat $D/.env",
        "base64 .env",
        "bash .env",
        "ln -s ~/.ssh x",
        "python x.py < .env",
        "grep -f .env x",
        "awk 'BEGIN{while((getline l < \"/etc/shadow\")>0)print l}'",
        "git diff --no-index /dev/null ~/.netrc",
        "git show HEAD:.env",
        "tar c ~/.aws",
        "find ~/.ssh",
        "cp .env /tmp/x",
    ],
)
def test_secrets_in_any_spelling(command: str) -> None:
    assert Effect.SECRETS in classify(command, Scope()).effects
