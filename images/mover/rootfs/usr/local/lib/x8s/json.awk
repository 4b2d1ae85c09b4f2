# Numbers in full (mawk would write 5e+09, and %d ends at 2^31), and JSON strings. rsync has already written control characters and bad UTF-8 as \#ooo (LC_ALL=C.UTF-8).
BEGIN { CONVFMT = OFMT = "%.0f" }

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
