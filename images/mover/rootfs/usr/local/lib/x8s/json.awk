# JSON strings in awk. rsync has already written control characters and bad UTF-8 as \#ooo (LC_ALL=C.UTF-8).
function json(text) {
  gsub(/\\/, "\\\\", text)
  gsub(/"/, "\\\"", text)
  gsub(/\t/, "\\t", text)
  gsub(/[\001-\037]/, "?", text)
  return "\"" text "\""
}

# At most so many bytes of it, never ending within a character.
function cut(text, limit) {
  if (length(text) <= limit) return text
  text = substr(text, 1, limit)
  sub(/[\300-\367][\200-\277]*$/, "", text)
  return text "…"
}
