# shellcheck shell=bash
# Our folder in the target volume: unfinished files, and how far this task is. Gone when the task is done.
#
# Phases: `wiping` (mode force, the target may be half empty), then `copying`. A run that finds its own task in
# `copying` never wipes again.

STATE=$FOLDER/state
FOLDER_OPEN=0

note_phase() {
  printf 'x8sync %s %s\n' "$1" "$X8S_TASK" >"$STATE.new" && mv "$STATE.new" "$STATE"
}

# The phase that this task had reached: '' where the folder is new or another task's.
read_phase() {
  local word phase task
  REPLY=''
  [[ -f $STATE ]] || return 0
  read -r word phase task <"$STATE"
  [[ $word == x8sync && $task == "$X8S_TASK" ]] && REPLY=$phase
  return 0
}

# What is there must be ours: a folder with our mark, or one with nothing but what comes before the mark or goes after
# it (killed in between, or no room for the mark).
is_ours() {
  [[ ! -e $FOLDER && ! -L $FOLDER ]] && return
  [[ -d $FOLDER && ! -L $FOLDER ]] || return
  [[ -f $STATE && $(head -c 7 "$STATE") == 'x8sync ' ]] || [[ -z $(ls -A -I tmp -I partial -I state.new "$FOLDER") ]]
}

# Makes the folder ready for this task: another task's remains go, this task's unfinished files stay.
# Leaves the phase that this task had reached in REPLY.
open_folder() {
  is_ours || { REASON="$FOLDER exists and was not made by x8sync: move it away"; return 1; }
  read_phase
  FOLDER_OPEN=1
  [[ -n $REPLY ]] || run rm -rf --one-file-system "$FOLDER/tmp" "$FOLDER/partial"
  # Made here under umask 077; only its owner ever looks into it.
  mkdir -p "$FOLDER/tmp" "$FOLDER/partial" || { REASON="$FOLDER can't be written"; return 1; }
  adopt_orphans
}

# A killed rsync leaves `name.XXXXXX` in its temporary folder; as a partial file its bytes count again.
adopt_orphans() {
  local orphan name
  for orphan in "$FOLDER"/tmp/*.?????? "$FOLDER"/tmp/.*.??????; do
    [[ -f $orphan && ! -L $orphan ]] || continue
    name=${orphan##*/}
    mv -f -- "$orphan" "$FOLDER/partial/${name%.*}"
  done
  return 0
}

# Whether the source has our mark: it is the target then, by a way that no volume's name gives away (two volumes of
# one NFS export), and emptying the one would empty the other. Returns 2 where the source does not tell.
is_source() {
  ask mark || { REASON="the source did not tell its mark: $(tail -n 1 "$WORK/ask.log")"; return 2; }
  [[ $REPLY == "$(<"$STATE")" ]]
}

# Empties the target but for lost+found and our folder.
wipe_target() {
  log info 'emptying the target'
  run find /target -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .x8sync \
    -exec rm -rf --one-file-system -- {} + 2>"$WORK/wipe.log" && return
  REASON="the target could not be emptied: $(head -n 3 "$WORK/wipe.log" | tr '\n' ' ')"
  return 1
}

# Takes the folder away without a trace: the root folder's time is what the copy made it, where we may set it.
close_folder() {
  local mtime
  mtime=$(stat -c %.9Y /target)
  rm -rf --one-file-system "$FOLDER" || return
  touch -m -d "@$mtime" /target 2>/dev/null || ((EUID != 0))
}
