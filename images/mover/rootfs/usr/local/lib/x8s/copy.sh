# shellcheck shell=bash
# The copy itself: again after a lost connection, and honest about what did not make it.

declare -A LOST=()

# A rehearsal: nothing is written, not even a folder of ours. --delete only lists, under --dry-run, what the
# target has beyond the source.
preview() {
  ATTEMPTS=1
  run_rsync preview -n --delete --info=stats2 --out-format='%i|%n%L'
}

# rsync until it is through. Gives up after X8S_RETRIES attempts in a row that broke before they had got far, and
# after a hundred in any case: what breaks at the same file each time must come to an end.
# Returns rsync's last code; 255 where the source can't be reached any more, 254 where it has other keys.
copy() {
  local code since idle=0 delay=1
  while :; do
    ATTEMPTS=$((ATTEMPTS + 1))
    uptime_ms && since=$REPLY
    choose_progress
    run_rsync transfer "--info=$REPLY" --temp-dir="$FOLDER/tmp" --partial-dir="$FOLDER/partial"
    code=$?
    stop_ticker
    finding full && ((REPLY)) && return 11
    is_network_code "$code" || return "$code"
    finding moved && BASE_BYTES=$((BASE_BYTES + REPLY))
    local moved=$REPLY
    uptime_ms
    if ((moved > 0 && REPLY - since > 10000)); then idle=0 delay=1; else idle=$((idle + 1)); fi
    ((idle < X8S_RETRIES && ATTEMPTS < 100)) || return "$code"
    meaning_of "$code"
    log warning "$REPLY (rsync code $code): trying again in $delay s"
    run sleep "$delay"
    delay=$((delay < 16 ? delay * 2 : 16))
    close_connection
    connect || return $((256 - $?))
    adopt_orphans
  done
}

# While an unprivileged copy runs, the source counts what only root could keep.
start_survey() {
  [[ $X8S_FIDELITY == user ]] || return 0
  SURVEY_WORDS="survey $(id -u) $(id -G | tr ' ' ,)"
  ssh -F "$SSH_CONFIG" x8s-source "$SURVEY_WORDS" >"$WORK/survey" 2>/dev/null &
  SURVEY=$!
}

finish_survey() {
  [[ -n ${SURVEY:-} ]] || return 0
  # A connection that was made anew has taken the first question with it.
  if wait "$SURVEY"; then
    REPLY=$(<"$WORK/survey")
  elif ! ask "$SURVEY_WORDS"; then
    log warning 'the source could not be surveyed: what an unprivileged copy loses is not known'
    LOST[unknown]=1
    return 0
  fi
  local kind survey=$REPLY
  for kind in ownership devices capabilities; do
    field "$survey" "$kind"
    ((REPLY > 0)) && LOST[$kind]=1
  done
  return 0
}

write_lost() {
  local name kind out=''
  while read -r name kind; do [[ $name == lost ]] && LOST[$kind]=1; done <"$WORK/findings"
  for kind in "${!LOST[@]}"; do out+="${out:+,}\"$kind\""; done
  printf '[%s]\n' "$out" >"$WORK/lost.json"
}

# Adds a number to stats.json: name, value.
add_stat() {
  local stats
  stats=$(<"$WORK/stats.json")
  printf '%s\n' "${stats%\}},\"$1\":$2}" >"$WORK/stats.json"
}

# Every entry of the source is in the target now, so whatever the target has beyond that number is its own.
count_extraneous() {
  local listed skipped
  finding listed && listed=$REPLY
  finding skipped && skipped=$REPLY
  run count_target
  add_stat extraneous $(($(<"$WORK/count") - listed + skipped))
}

count_target() {
  find /target \( -path /target/.x8sync -o -path /target/lost+found \) -prune -o -printf . | wc -c >"$WORK/count"
}

# After the last byte: on disk, counted, and our folder gone. A write that the kernel could not bring to the
# disk shows here, and nowhere else.
settle() {
  run sync -f /target || { REASON='the target could not be written to disk'; return 1; }
  finding vanished && add_stat vanished "$REPLY"
  [[ $1 == 0 ]] && count_extraneous
  finish_survey
  write_lost
  close_folder || { REASON="$FOLDER could not be removed"; return 1; }
}
