# shellcheck shell=bash
# Whether the source fits into the target, known before anything is written.

SOURCE_SPARSE=unknown
SOURCE_LARGEST=unknown
SOURCE_INODES=0

# The number of a field of flat JSON: JSON, name → REPLY.
field() {
  REPLY=0
  [[ $1 =~ \"$2\":([0-9]+) ]] && REPLY=${BASH_REMATCH[1]}
}

ask_once() {
  run ssh -F "$SSH_CONFIG" x8s-source "$*" >"$WORK/answer" 2>"$WORK/ask.log"
}

# Asks the gate: words → REPLY.
ask() {
  persist ask_once "$@" && REPLY=$(<"$WORK/answer")
}

read_usage() {
  local usage
  ask usage || { REASON="the source did not tell its usage: $(tail -n 1 "$WORK/ask.log")"; return 1; }
  usage=$REPLY
  field "$usage" usedBytes && SOURCE_BYTES=$REPLY
  field "$usage" usedInodes && SOURCE_INODES=$REPLY
  [[ $usage =~ \"sparse\":(true|false) ]] && SOURCE_SPARSE=${BASH_REMATCH[1]}
  [[ $usage =~ \"largest\":([0-9]+) ]] && SOURCE_LARGEST=${BASH_REMATCH[1]}
  field "$usage" lostFound
  ((REPLY > 0)) && log warning "lost+found of the source holds $REPLY entries, which are not copied"
  return 0
}

# Free bytes and inodes of the target into FREE_BYTES and FREE_INODES (-1: its file system does not count them).
read_free() {
  local total
  read -r FREE_BYTES FREE_INODES total < <(df -B1 --output=avail,iavail,itotal /target | tail -n 1)
  [[ $FREE_INODES =~ ^[0-9]+$ && $total != 0 ]] || FREE_INODES=-1
}

fits() {
  (($1 <= FREE_BYTES)) && ((FREE_INODES < 0 || $2 <= FREE_INODES))
}

# What a forced run will free before it copies.
add_wiped() {
  local bytes inodes
  run du -s -B1 --exclude=/target/.x8sync --exclude=/target/lost+found /target >"$WORK/du" 2>/dev/null
  read -r bytes _ <"$WORK/du"
  run du -s --inodes --exclude=/target/.x8sync --exclude=/target/lost+found /target >"$WORK/du" 2>/dev/null
  read -r inodes _ <"$WORK/du"
  FREE_BYTES=$((FREE_BYTES + bytes))
  ((FREE_INODES < 0)) || FREE_INODES=$((FREE_INODES + inodes))
}

# Nothing of this is kept in a file: a list of millions of names does not fit into a pod's memory.
list_changes() {
  rsync "${RSYNC_ARGS[@]}" -n --8-bit-output --out-format='%i|%l|%n' x8s-source::source/ /target/ 2>"$WORK/ask.log" |
    mawk -f "$LIB/growth.awk" >"$WORK/growth"
}

# What a merge adds: new bytes less those that they replace, and the biggest replacement once more, since it is
# complete beside the old file before it takes its place. Into NEED_BYTES and NEED_INODES.
measure_growth() {
  local new old biggest created
  persist run list_changes || (($? == 23 || $? == 24)) || return
  { read -r old && read -r new biggest created; } <"$WORK/growth" || return
  # Files with holes take less than their length; all of the source is the most that can be new.
  ((new > EXACT_BYTES)) && new=$EXACT_BYTES
  ((biggest > EXACT_BYTES)) && biggest=$EXACT_BYTES
  NEED_BYTES=$((new > old ? new - old + biggest : biggest))
  NEED_INODES=$created
}

# Returns 0 where the source fits, 1 where it does not (with ROOM_JSON and REASON), 2 where that can't be told.
check_room() {
  local exact
  read_free
  fits "$SOURCE_BYTES" "$SOURCE_INODES" && return 0
  ask usage exact || { REASON="the source did not tell its size: $(tail -n 1 "$WORK/ask.log")"; return 2; }
  exact=$REPLY
  field "$exact" inodes && NEED_INODES=$REPLY
  field "$exact" allocatedBytes && EXACT_BYTES=$REPLY && NEED_BYTES=$REPLY
  fits "$NEED_BYTES" "$NEED_INODES" && return 0
  if [[ $X8S_MODE == force ]]; then
    add_wiped
  else
    measure_growth || { REASON="the two sides could not be compared: $(head -n 1 "$WORK/ask.log")"; return 2; }
  fi
  fits "$NEED_BYTES" "$NEED_INODES" && return 0
  ROOM_JSON="\"room\":{\"needBytes\":$NEED_BYTES,\"freeBytes\":$FREE_BYTES,\"needInodes\":$NEED_INODES,\"freeInodes\":$FREE_INODES},"
  REASON="the copy needs $NEED_BYTES bytes and $NEED_INODES inodes, and the target has $FREE_BYTES and $FREE_INODES free"
  return 1
}
