# shellcheck shell=bash
# The way to the source: find an address that answers as sshd, and open one connection for all that follows.

SSH_CONFIG=$WORK/ssh_config
ADDRESS_FILE=/run/x8s/addresses
CANDIDATES=()

# Host and port of `host:port` or `[v6]:port` into HOST and PORT.
split_address() {
  [[ $1 =~ ^(\[([0-9A-Fa-f:.%a-z]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$ ]] || return
  HOST=${BASH_REMATCH[2]}${BASH_REMATCH[3]}
  PORT=${BASH_REMATCH[4]}
}

# Into CANDIDATES: the addresses known when the pod was made, and those told since (x8s-addresses).
read_addresses() {
  local words
  read -ra CANDIDATES <<<"$X8S_ADDRESSES"
  [[ -r $ADDRESS_FILE ]] || return 0
  while read -ra words; do CANDIDATES+=("${words[@]}"); done <"$ADDRESS_FILE"
}

# Writes the address to the winners' pipe if an ssh server answers there. A load balancer without a backend
# accepts and says nothing, hence the banner. The time limit has room for one lost SYN and a far continent.
probe() {
  local address=$1 reason
  # shellcheck disable=SC2016 # expanded by the inner bash
  if reason=$(timeout 2.5 bash -c 'exec 3<>"/dev/tcp/$1/$2" && IFS= read -r -u 3 line && [[ $line == SSH-2.0-* ]]' \
    probe "$HOST" "$PORT" 2>&1); then
    printf '%s\n' "$address" >&"$WINNERS"
    return
  fi
  case $? in
    124) reason='no answer' ;;
    *)
      reason=${reason%%$'\n'*}
      reason=${reason##*: }
      reason=${reason:-'answers, but not as an ssh server'}
      ;;
  esac
  printf '%s\n' "${reason,}" >"$WORK/unanswered.${address//[^A-Za-z0-9]/_}"
}

# Sets ADDRESS to the first candidate that answers before the deadline (uptime, ms).
# Probes overlap: a new one for each candidate every 0.1 s (later every second), so that the first moment possible is
# not missed while an older probe waits for its lost SYN; three at a time for each.
find_address() {
  local deadline=$1 candidate pause=0.1 rounds
  while IFS= read -r -t 0.01 -u "$WINNERS" _; do :; done
  for ((rounds = 0; ; rounds++)); do
    read_addresses
    for candidate in "${CANDIDATES[@]}"; do
      (($(jobs -rp | wc -l) < 3 * ${#CANDIDATES[@]})) || break
      split_address "$candidate" && probe "$candidate" &
    done
    if ((rounds > 100)); then pause=1; fi
    if IFS= read -r -t "$pause" -u "$WINNERS" ADDRESS; then return 0; fi
    uptime_ms
    ((REPLY >= deadline)) && return 1
  done
}

# Everything ssh has to know. The key is copied because ssh insists on a private file of its own user.
write_ssh_config() {
  (umask 077 && cat /etc/x8s/keys/client_key >"$WORK/client_key") || return
  split_address "$ADDRESS" || return
  cat >"$SSH_CONFIG" <<EOF
Host x8s-source
HostName ${HOST}
Port ${PORT}
User ${X8S_USER}
IdentityFile ${WORK}/client_key
IdentitiesOnly yes
IdentityAgent none
HostKeyAlias x8s-source
HostKeyAlgorithms ssh-ed25519
UserKnownHostsFile /etc/x8s/keys/known_hosts
GlobalKnownHostsFile /dev/null
StrictHostKeyChecking yes
UpdateHostKeys no
BatchMode yes
PreferredAuthentications publickey
Ciphers ${X8S_CIPHERS}
Compression no
ConnectTimeout 10
ServerAliveInterval 10
ServerAliveCountMax 3
ControlPath ${WORK}/master
LogLevel ERROR
EOF
}

# Runs a command that needs the connection, and again over a new one where it broke.
persist() {
  local code tries
  for ((tries = 1; ; tries++)); do
    "$@" && return 0
    code=$?
    is_network_code "$code" && ((tries < X8S_RETRIES)) || return "$code"
    log warning "the connection to the source broke (code $code): trying again"
    close_connection
    run sleep 1
    connect || return 255
  done
}

close_connection() {
  [[ -S $WORK/master ]] && ssh -F "$SSH_CONFIG" -O exit x8s-source 2>/dev/null
}

# Why each candidate did not do, into REASON.
explain_silence() {
  local candidate file
  REASON=''
  for candidate in "${CANDIDATES[@]}"; do
    file=$WORK/unanswered.${candidate//[^A-Za-z0-9]/_}
    REASON+="${REASON:+; }$candidate: "
    if [[ -s $file ]]; then REASON+=$(<"$file"); else REASON+='no answer'; fi
  done
  [[ -n $REASON ]] || REASON='no address of the source was given'
}

# What ssh said, into REASON; returns 0 where a key was not accepted, since trying again seldom helps.
explain_ssh() {
  if grep -q 'Host key verification failed' "$WORK/ssh.log"; then
    REASON="what answers at $ADDRESS does not have the host key of this task's source"
  elif grep -q 'Permission denied' "$WORK/ssh.log"; then
    REASON="the source at $ADDRESS does not accept the key of this task"
  else
    REASON=$(tail -n 1 "$WORK/ssh.log")
    return 1
  fi
}

# Opens the shared connection, trying again until X8S_CONNECT_SECONDS are over.
# Returns 0, 1 (unreachable) or 2 (a key was not accepted), with the reason in REASON.
connect() {
  local deadline refusals=0
  uptime_ms
  deadline=$((REPLY + X8S_CONNECT_SECONDS * 1000))
  while find_address "$deadline"; do
    write_ssh_config || { REASON='the ssh configuration could not be written'; return 1; }
    : >"$WORK/ssh.log"
    if run ssh -F "$SSH_CONFIG" -M -N -f -E "$WORK/ssh.log" x8s-source; then return 0; fi
    # A node port may lead to a predecessor for a moment, and a busy sshd may refuse what it takes a moment later.
    if explain_ssh; then
      refusals=$((refusals + 1))
      ((refusals < 4)) || return 2
    fi
    log warning "$ADDRESS answered, but ssh failed: $REASON"
    sleep 0.5
  done
  explain_silence
  return 1
}
