# From rsync's list of changes (%i|%l|%n): new bytes, the biggest file, entries to be created; and the names of
# the files that are replaced, each ended by NUL, into the file `names`.
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

BEGIN { FS = "|"; printf "" > names }
$1 ~ /^.[fdLDS]\+/ { created++ }
$1 ~ /^>f/ {
  bytes += $2
  if ($2 + 0 > biggest) biggest = $2 + 0
  if ($1 !~ /^>f\+/) printf "%s%c", decoded(substr($0, length($1) + length($2) + 3)), 0 > names
}
END { printf "%.0f %.0f %d\n", bytes, biggest, created }
