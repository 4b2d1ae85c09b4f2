#!/bin/sh
# Turns a bare Debian 12 into the mover's root file system. Both builds run it: `docker build` (Dockerfile) and the
# lab's, which has no Docker (test/lab/images). Arguments are more packages to install.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# Older ones have holes in the code that reads what the other side sends.
oldest_rsync=3.5.0

apt-get update -q
apt-get upgrade -qy
# libatomic1 is Node.js's.
apt-get install -qy --no-install-recommends openssh-server openssh-client rsync acl attr libatomic1 "$@"

rsync_version=$(rsync --version | sed -n 's/^rsync *version v*\([0-9.]*\).*/\1/p')
if ! dpkg --compare-versions "${rsync_version:-0}" ge "$oldest_rsync"; then
  echo "rsync is ${rsync_version:-missing} here; $oldest_rsync or newer is needed (Debian 12's security suite has it)" >&2
  exit 1
fi

# '*' and not '!' as a password: sshd refuses an account that is locked, even by key.
groupadd --gid 65532 mover
useradd --uid 65532 --gid 65532 --home-dir /home/mover --create-home --shell /bin/sh mover
usermod -p '*' mover
usermod -p '*' -s /bin/sh root
mkdir -p /run/sshd
chmod 755 /run/sshd

# No host key of the image's own: each task brings a fresh one.
rm -f /etc/ssh/ssh_host_*
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/*
