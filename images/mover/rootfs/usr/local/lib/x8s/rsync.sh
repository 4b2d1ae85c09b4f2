# shellcheck shell=bash
# One run of rsync, and what its options, its exit codes and its last words mean.

FOLDER=/target/.x8sync
RSYNC_ARGS=()
SOURCE_BYTES=0
BASE_BYTES=0
READERS=()
TICKER=''

# Options that every run has. --insecure-links is about the paths named here alone, and all of those are ours: by
# default rsync 3.5 walks them component by component for every single file, which doubles the time of small ones.
# -S costs a third of the speed of big files, so it is left out where the source
# said that no file has holes.
set_rsync_args() {
  RSYNC_ARGS=(-aHAX --numeric-ids --insecure-links --no-human-readable --exclude=/.x8sync --exclude=/lost+found
    -e "ssh -F $SSH_CONFIG")
  # Labels of SELinux are each cluster's own: pods may seldom set them, and with the source's labels the target's
  # workload could not read its files. A filter replaces rsync's own, which is system.* for root, all but user.* else.
  if [[ $X8S_FIDELITY == user ]]; then RSYNC_ARGS+=('--filter=-x! user.*'); else
    RSYNC_ARGS+=('--filter=-x system.*' '--filter=-x security.selinux')
  fi
  [[ $SOURCE_SPARSE == false ]] || RSYNC_ARGS+=(-S)
  # Whoever has a time with a fraction keeps fractions; for others, choose_time_precision tries it out.
  [[ $(stat -c %.9Y /target) == *.000000000 ]] || RSYNC_ARGS+=(--modify-window=-1)
  [[ -z $X8S_BWLIMIT ]] || RSYNC_ARGS+=("--bwlimit=$X8S_BWLIMIT")
}

# By itself rsync takes two times within one second for equal. To the nanosecond is right, but only where the
# target's file system keeps nanoseconds: elsewhere every file would be copied every time.
choose_time_precision() {
  [[ " ${RSYNC_ARGS[*]} " != *' --modify-window=-1 '* ]] || return 0
  touch -d @1000000000.123456789 "$FOLDER/tmp/time" || return
  [[ $(stat -c %.9Y "$FOLDER/tmp/time") == *.123456789 ]] && RSYNC_ARGS+=(--modify-window=-1)
  rm -f "$FOLDER/tmp/time"
}

# Runs rsync from the source to /target with the given options more, its output turned into lines for the
# plugin by the awk program named first. Leaves stats.json, failures.json and findings in the work folder.
run_rsync() {
  local reader=$1 code
  shift
  rm -f "$WORK"/{out,err,findings,stats.json,failures.json}
  mkfifo "$WORK/out" "$WORK/err"
  stdbuf -o0 tr '\r' '\n' <"$WORK/out" | mawk -W interactive -v base="$BASE_BYTES" -v guess="$SOURCE_BYTES" \
    -v work="$WORK" -v attempt="$ATTEMPTS" -f "$LIB/json.awk" -f "$LIB/stats.awk" -f "$LIB/$reader.awk" &
  READERS=("$!")
  mawk -W interactive -v work="$WORK" -f "$LIB/json.awk" -f "$LIB/errors.awk" <"$WORK/err" &
  READERS+=("$!")
  run rsync "${RSYNC_ARGS[@]}" "$@" x8s-source::source/ /target/ >"$WORK/out" 2>"$WORK/err"
  code=$?
  wait "${READERS[@]}"
  READERS=()
  return "$code"
}

# How rsync tells its progress: flags for --info → REPLY. By itself it prints a line for every file, which takes a
# fifth of the time of small ones. Asked by a signal it prints one after the file that it is at, which will do where
# no file takes long.
choose_progress() {
  REPLY=progress2,stats2
  [[ $SOURCE_LARGEST != unknown ]] && ((SOURCE_LARGEST <= 16 << 20)) || return 0
  REPLY=stats2
  (while sleep 1 && kill -0 "$$"; do ask_progress; done) >/dev/null 2>&1 &
  TICKER=$!
}

# The signal is for rsync's receiver, the child of the rsync that this shell has begun.
ask_progress() {
  local file pid name parent
  local -A parents=()
  for file in /proc/[0-9]*/stat; do
    read -r pid name _ parent _ <"$file" && [[ $name == '(rsync)' ]] && parents[$pid]=$parent
  done
  for pid in "${!parents[@]}"; do
    [[ ${parents[${parents[$pid]}]:-} == "$$" ]] && kill -VTALRM "$pid"
  done
}

stop_ticker() {
  [[ -n $TICKER ]] || return 0
  kill "$TICKER" 2>/dev/null
  wait "$TICKER" 2>/dev/null
  TICKER=''
}

# Waits a moment for what the readers still have to say, so that nothing comes after the end line.
drain_readers() {
  local tries
  for ((tries = 0; tries < 20; tries++)); do
    kill -0 "${READERS[@]}" 2>/dev/null || return 0
    sleep 0.05
  done
  kill "${READERS[@]}" 2>/dev/null
}

# What the last run's readers found, the first of a name: NAME → REPLY, 0 where there is none.
# Without a process: each one costs a copy of few files more than the question does.
finding() {
  local name rest
  REPLY=0
  [[ -r $WORK/findings ]] || return 0
  while read -r name rest; do
    if [[ $name == "$1" ]]; then
      REPLY=$rest
      return 0
    fi
  done <"$WORK/findings"
}

# rsync's own words for its exit codes (rsync(1), EXIT VALUES), for those that can happen here.
meaning_of() {
  case $1 in
    1 | 2 | 4) REPLY='rsync of the two sides do not go together' ;;
    3 | 6) REPLY='rsync could not read or write its own files' ;;
    5) REPLY='the transfer could not be started' ;;
    10 | 30 | 35 | 255) REPLY='the connection to the source broke' ;;
    11) REPLY='reading or writing a file failed' ;;
    12) REPLY='the connection to the source broke, or rsync ended there' ;;
    13 | 14 | 21 | 22) REPLY='rsync ran out of memory or processes' ;;
    20 | 143) REPLY='rsync was stopped' ;;
    137) REPLY='rsync was killed, perhaps since memory ran out' ;;
    23) REPLY='some files or attributes could not be copied' ;;
    24) REPLY='some files vanished from the source while it was copied' ;;
    *) REPLY="rsync ended with code $1" ;;
  esac
}

# Whether trying again may help. An ssh that can't connect makes rsync end with 5, as a daemon that says no does.
is_network_code() {
  case $1 in
    10 | 12 | 30 | 35 | 255) return 0 ;;
    5) ! grep -qs '^said @ERROR' "$WORK/findings" ;;
    *) return 1 ;;
  esac
}
