# shellcheck shell=bash
# Commands that can be interrupted, and a clock.

WORK=/run/x8s/copy
CHILD=''

# Milliseconds of the node's uptime: nobody sets that clock.
uptime_ms() {
  local up
  read -r up _ </proc/uptime
  REPLY=$((10#${up/./} * 10))
}

# Runs a command such that a signal is acted on at once: bash runs traps in `wait`, but never during a
# foreground command. Returns the command's code.
run() {
  local code
  "$@" &
  CHILD=$!
  wait "$CHILD"
  code=$?
  CHILD=''
  return "$code"
}

# Gives the running child two seconds to leave things in order (rsync keeps its partial file), then ends it.
stop_child() {
  [[ -n $CHILD ]] || return 0
  kill -TERM "$CHILD" 2>/dev/null
  local tries
  for ((tries = 0; tries < 20; tries++)); do
    kill -0 "$CHILD" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$CHILD" 2>/dev/null
}
