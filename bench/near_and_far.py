"""An sshd of the benchmark's own on the loopback, with keys for each way to use it."""

import shlex

# Host names of the ssh configuration, each with a key of its own.
AGENT = "agent"        # runs `snapferry agent` and nothing else
FILTERED = "filtered"  # runs the peer's own filter for forced commands
PLAIN = "plain"        # runs any command

START = """
rm -rf ssh && mkdir -m 700 ssh && mkdir -p /run/sshd
for key in host agent filtered plain; do
  ssh-keygen -q -t ed25519 -N '' -C "$key" -f "ssh/$key"
done
port=$(python3 -c '
import socket
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
print(listener.getsockname()[1])')
cat >ssh/sshd_config <<END
Port $port
ListenAddress 127.0.0.1
HostKey $PWD/ssh/host
PidFile $PWD/ssh/pid
AuthorizedKeysFile $PWD/ssh/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
MaxStartups 100
# With it bash leaves out ~/.bashrc, which is nobody's business here and may start anything.
SetEnv SHLVL=1
END
cat >ssh/config <<END
Host agent filtered plain
  HostName 127.0.0.1
  HostKeyAlias bench
  Port $port
  User root
  UserKnownHostsFile $PWD/ssh/known_hosts
  IdentityFile $PWD/ssh/%n
  IdentitiesOnly yes
  BatchMode yes
END
echo "bench $(cut -d' ' -f1,2 ssh/host.pub)" >ssh/known_hosts
echo "restrict $(cat ssh/plain.pub)" >ssh/authorized_keys
chmod 600 ssh/authorized_keys
mkdir ssh/bin
# Tools that have no option for a configuration find this ssh in PATH.
printf '#!/bin/sh\\nexec /usr/bin/ssh -F %s "$@"\\n' "$PWD/ssh/config" >ssh/bin/ssh
chmod 755 ssh/bin/ssh
/usr/sbin/sshd -f "$PWD/ssh/sshd_config" -E "$PWD/ssh/log"
until [ -s ssh/pid ] && ssh/bin/ssh plain true; do sleep 0.1; done
cat ssh/pid
"""


def start(machine):
    """Leaves ssh/config in the machine's directory; its children count as the far end's."""
    machine.sshd = int(machine.shell(START, 60))


def stop(machine):
    if machine.sshd:
        machine.shell(f"kill {machine.sshd}")
        machine.sshd = 0


def allow_agent(machine, snapferry, volumes):
    """The key of AGENT may pull the volumes of the pattern for the set `main`."""
    machine.shell(f"""
        sed -i '/ agent$/d' ssh/authorized_keys
        {snapferry} authorize --key ssh/agent.pub --program {snapferry} --allow source \\
          --set main --volume {shlex.quote(volumes)} --write "$PWD/ssh/authorized_keys" """)


def allow_filtered(machine, command):
    machine.shell(f"""
        sed -i '/ filtered$/d' ssh/authorized_keys
        echo {shlex.quote(f'command="{command}",restrict')} "$(cat ssh/filtered.pub)" \\
          >>ssh/authorized_keys""")
