# From rsync's list of changes (%i|%l|%n), two lines: the bytes that the files to be replaced take up in the target;
# and new bytes, the biggest replacement, inodes to be made.
# --8-bit-output leaves only control characters and a backslash before # as \#ooo.
function decoded(name,   out, code) {
  out = ""
  while (match(name, /\\#[0-7][0-7][0-7]/)) {
    code = substr(name, RSTART + 2, 1) * 64 + substr(name, RSTART + 3, 1) * 8 + substr(name, RSTART + 4, 1)
    out = out substr(name, 1, RSTART - 1) sprintf("%c", code)
    name = substr(name, RSTART + 5)
  }
  return out name
}

BEGIN {
  FS = "|"
  measure = "cd /target && xargs -0r stat -c '%b %B' -- 2>/dev/null | " \
    "mawk '{ sum += $1 * $2 } END { printf \"%.0f\\n\", sum }'"
  printf "" | measure
}
# A further name of a file (h) takes no inode.
$1 ~ /^[^h][fdLDS]\+/ { created++ }
$1 ~ /^>f/ {
  bytes += $2
  if ($1 ~ /^>f\+/) next
  if ($2 + 0 > biggest) biggest = $2 + 0
  printf "%s%c", decoded(substr($0, length($1) + length($2) + 3)), 0 | measure
}
END {
  close(measure)
  printf "%.0f %.0f %.0f\n", bytes, biggest, created
}
