# shellcheck shell=bash
# sshd of the source pod: one port, one user, one key, one command.

# Ours alone, below an emptyDir that everyone may write to.
SSHD_DIR=/run/x8s/serve
LOGIN_NAME=''

# The account that clients log in to is the one that this pod runs as.
find_login() {
  LOGIN_NAME=$(id -un 2>/dev/null) || {
    log error "user id $(id -u) has no entry in the image's /etc/passwd, and sshd needs one: run as 0 or 65532"
    return 1
  }
}

# Secret volumes are neither private nor owned by whoever this pod runs as, which sshd demands of a host key.
install_keys() {
  mkdir -p "$SSHD_DIR" || return
  # An ordinary user does not own the emptyDir; there is no other one in this pod, and its files are 0600.
  chmod 0700 "$SSHD_DIR" 2>/dev/null || ((EUID != 0)) || return
  (umask 077 && cat /etc/x8s/keys/host_key >"$SSHD_DIR/host_key") || return
  local line keys=0
  while IFS= read -r line; do
    [[ $line =~ ^ssh-ed25519\ [A-Za-z0-9+/=]+(\ .*)?$ ]] || continue
    printf 'restrict,command="/usr/local/bin/x8s-gate" %s\n' "$line"
    keys=$((keys + 1))
  done </etc/x8s/keys/authorized_keys >"$SSHD_DIR/authorized_keys"
  [[ -s $SSHD_DIR/authorized_keys ]] || {
    log error 'authorized_keys holds no ed25519 public key'
    return 1
  }
}

# StrictModes is off because it looks at the parents too, and an emptyDir is 0777.
write_sshd_config() {
  cat >"$SSHD_DIR/sshd_config" <<EOF
Port ${X8S_PORT}
HostKey ${SSHD_DIR}/host_key
AuthorizedKeysFile ${SSHD_DIR}/authorized_keys
PidFile none
StrictModes no
UsePAM no
AllowUsers ${LOGIN_NAME}
PermitRootLogin forced-commands-only
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
ForceCommand /usr/local/bin/x8s-gate
DisableForwarding yes
PermitTTY no
PermitUserRC no
PermitUserEnvironment no
PermitTunnel no
Ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com
HostKeyAlgorithms ssh-ed25519
PubkeyAcceptedAlgorithms ssh-ed25519
Compression no
UseDNS no
PrintMotd no
LoginGraceTime 20
MaxAuthTries 3
MaxStartups 64:30:128
MaxSessions 64
ClientAliveInterval 10
ClientAliveCountMax 3
LogLevel INFO
EOF
}

# The daemon's view of the tree. Everything but what a plain, read-only copy asks for is refused.
write_rsyncd_config() {
  local chroot=no owner=''
  if ((EUID == 0)); then
    chroot=yes
    owner=$'uid = 0\ngid = 0'
  fi
  cat >"$SSHD_DIR/rsyncd.conf" <<EOF
use chroot = ${chroot}
${owner}
read only = yes
list = no
munge symlinks = no
numeric ids = yes
max connections = 64
lock file = ${SSHD_DIR}/rsyncd.lock
max verbosity = 1
transfer logging = no
reverse lookup = no
refuse options = * !a !r !l !p !t !g !o !D !devices !specials !hard-links !acls !xattrs !sparse !numeric-ids !n !v !i !info !ignore-times !checksum !exclude !include !filter !from0 !files-from !relative !no-relative !dirs !list-only !modify-window !bwlimit !partial !partial-dir !temp-dir !delete !delete-* !max-delete !stats !log-format !compress* !zc !zl !ignore-existing !existing !whole-file !inc-recursive !no-inc-recursive !protect-args !secluded-args
[source]
path = /source
EOF
}

start_sshd() {
  # Without this folder, and it being root's alone, a root sshd will not drop privileges before login.
  if ((EUID == 0)) && [[ ! -d /run/sshd ]]; then install -d -m 0755 /run/sshd || return; fi
  /usr/sbin/sshd -D -e -f "$SSHD_DIR/sshd_config" &
  SSHD_PID=$!
}

# Sockets on our port in one state of /proc/net/tcp: 0A listens, 01 is connected.
port_is() {
  local hex
  printf -v hex ':%04X' "$X8S_PORT"
  grep -qiE "^ *[0-9]+: [0-9A-F]+${hex} [0-9A-F:]+ $1 " /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

wait_until_listening() {
  local tries
  for ((tries = 0; tries < 500; tries++)); do
    port_is 0A && return
    kill -0 "$SSHD_PID" 2>/dev/null || return 1
    sleep 0.01
  done
  return 1
}

# Whether anyone is logged in: sshd names the process of an authenticated session user@notty.
has_sessions() {
  local title
  for title in /proc/[0-9]*/cmdline; do
    IFS= read -r -d '' title <"$title" || [[ -n $title ]] || continue
    [[ $title == "sshd: $LOGIN_NAME@"* ]] && return
  done 2>/dev/null
  return 1
}
