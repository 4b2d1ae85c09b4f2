# shellcheck shell=bash
# JSON for whatever other programs say: any bytes go in, valid UTF-8 on one line comes out.

# Sets REPLY to the first argument as a JSON string, quotes included.
json_string() {
  local LC_ALL=C text=$1 out='' char code i
  # rsync writes bytes that are not UTF-8 as \#ooo itself; this is for the other programs.
  [[ $text == *[!$'\1'-$'\x7f']* ]] && text=$(iconv -c -f UTF-8 -t UTF-8 <<<"$text")
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  if [[ $text == *[$'\1'-$'\x1f']* ]]; then
    for ((i = 0; i < ${#text}; i++)); do
      char=${text:i:1}
      if [[ $char == [$'\1'-$'\x1f'] ]]; then
        printf -v code %d "'$char"
        printf -v char '\\u%04x' "$code"
      fi
      out+=$char
    done
    text=$out
  fi
  REPLY="\"$text\""
}

# Prints one line that the plugin understands: `x8s:NAME JSON`. One printf, so that lines never mix.
emit() {
  printf 'x8s:%s %s\n' "$1" "$2"
}

# Prints a line for the person: level (info, warning, error) and text.
log() {
  local level=$1
  shift
  json_string "$*"
  emit log "{\"level\":\"$level\",\"text\":$REPLY}"
}
