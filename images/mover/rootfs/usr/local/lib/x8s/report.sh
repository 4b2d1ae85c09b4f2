# shellcheck shell=bash
# The last line: how it ended. The plugin believes this line, and Kubernetes the exit code that goes with it.

STARTED_MS=0
ATTEMPTS=0
ROOM_JSON=''
SKIPPED_JSON=''
TERMINATION_LOG=/dev/termination-log

exit_code_of() {
  case $1 in
    ok) REPLY=0 ;;
    no-room | source-empty | refused) REPLY=3 ;;
    unreachable | auth) REPLY=4 ;;
    partial) REPLY=5 ;;
    interrupted) REPLY=143 ;;
    *) REPLY=1 ;;
  esac
}

# What an earlier step left in the work folder, or the second argument.
fragment() {
  REPLY=$2
  if [[ -s $WORK/$1 ]]; then REPLY=$(<"$WORK/$1"); fi
}

# The line once more, for the pod's status: it outlives the log, and is read where the log's stream broke.
# Kubernetes keeps 4096 bytes of it: bytes, not characters.
note_termination() {
  [[ -w $TERMINATION_LOG ]] || return 0
  local LC_ALL=C line
  line=$(emit end "$1")
  ((${#line} >= 4000)) || printf '%s\n' "$line" >"$TERMINATION_LOG"
}

# Waits a little to be taken away. Whoever reads the end line deletes the pod at once, and one that still runs is
# gone a second or two sooner: the kubelet sees that a container ended by itself, and each step after that, only
# when it looks round, once a second. A run that failed may be tried again at once, and must not be found alive.
linger() {
  [[ $1 == ok || $1 == partial ]] && ((X8S_LINGER_SECONDS > 0)) || return 0
  trap 'exit "$code"' TERM INT
  sleep "$X8S_LINGER_SECONDS" &
  wait "$!"
}

# Prints the end line and leaves: outcome, message.
end() {
  trap '' TERM INT
  exec 2>/dev/null
  local outcome=$1 message nonce task code stats failures lost seconds head tail
  close_connection
  # Nobody will go on from there, and nobody sees what it takes up.
  ((FOLDER_OPEN)) && [[ $X8S_KEEP_PARTIAL == 0 && -d $FOLDER ]] && close_folder
  exit_code_of "$outcome" && code=$REPLY
  json_string "$2" && message=$REPLY
  json_string "$X8S_NONCE" && nonce=$REPLY
  json_string "$X8S_TASK" && task=$REPLY
  fragment stats.json '{}' && stats=$REPLY
  fragment failures.json '[]' && failures=$REPLY
  fragment lost.json '[]' && lost=$REPLY
  uptime_ms
  printf -v seconds '%d.%03d' $(((REPLY - STARTED_MS) / 1000)) $(((REPLY - STARTED_MS) % 1000))
  trap - EXIT
  head="{\"nonce\":$nonce,\"task\":$task,\"mode\":\"$X8S_MODE\",\"code\":$code,\"outcome\":\"$outcome\",\"message\":$message,\"stats\":$stats"
  tail="\"lost\":$lost,${ROOM_JSON}${SKIPPED_JSON}\"attempts\":$ATTEMPTS,\"seconds\":$seconds}"
  note_termination "$head,$tail"
  emit end "$head,\"failures\":$failures,$tail"
  linger "$outcome"
  exit "$code"
}
