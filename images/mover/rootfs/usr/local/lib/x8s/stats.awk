# The statistics that rsync prints with --info=stats2, as one JSON object in stats.json.
function count(text, kind) {
  return match(text, kind ": [0-9]+") ? substr(text, RSTART + length(kind) + 2, RLENGTH - length(kind) - 2) + 0 : 0
}

function note(name, value) {
  stats = stats (stats == "" ? "" : ",") "\"" name "\":" value
}

/^Number of files: / {
  listed = $4
  note("entries", $4 + 0); note("files", count($0, "reg")); note("dirs", count($0, "dir"))
  note("links", count($0, "link")); note("specials", count($0, "special") + count($0, "dev"))
}
/^Number of created files: / { note("createdEntries", $5 + 0); note("createdFiles", count($0, "reg")) }
/^Number of regular files transferred: / { note("transferredFiles", $6 + 0) }
/^Total file size: / { note("totalBytes", $4) }
/^Total transferred file size: / { note("transferredBytes", base + $5) }
/^Literal data: / { note("literalBytes", $3) }
/^Matched data: / { note("matchedBytes", $3) }
/^Total bytes received: / { note("receivedBytes", $4) }

function write_stats() {
  if (stats != "") print "{" stats "}" > (work "/stats.json")
  print "listed " listed + 0 >> (work "/findings")
}
