# What rsync prints of its progress, and its statistics, turned into x8s:progress lines (one a second at most).
#
#     1,238,099  45%  1.10MB/s  0:00:01 (xfr#3, to-chk=12/345)      to-chk: complete list; ir-chk: it still grows
function bytes_per_second(rate) {
  if (rate ~ /kB\/s$/) return int(rate * 1024)
  if (rate ~ /MB\/s$/) return int(rate * 1048576)
  if (rate ~ /GB\/s$/) return int(rate * 1073741824)
  return int(rate + 0)
}

# rsync tells the total only as a whole percentage, and while the list grows not even that. What the source's
# file system has in use is a better guess, within the bounds that the percentage sets.
function total(bytes, percent,   low, high) {
  if (scanning || percent + 0 == 0) return guess > bytes ? guess : bytes
  low = bytes * 100 / (percent + 1)
  high = bytes * 100 / percent
  return guess < low ? low : guess > high ? high : guess
}

function report() {
  all = total($1 + 0, $2 + 0)
  done = base + $1
  if (done > all) done = all
  printf "x8s:progress {\"bytes\":%.0f,\"totalBytes\":%.0f,\"files\":%.0f,\"totalFiles\":%.0f,\"rate\":%.0f,\"scanning\":%s,\"attempt\":%d}\n", \
    done, all, files, total_files, bytes_per_second($3), scanning ? "true" : "false", attempt
}

BEGIN { scanning = 1 }

/^ *[0-9]+ +[0-9]+% / {
  last = $1
  if (split($6, check, /[-=\/)]/) >= 4) {
    scanning = check[1] == "ir"
    total_files = check[4]
    files = check[4] - check[3]
  }
  now = systime()
  if (now != reported) { reported = now; report() }
  next
}

/^skipping non-regular file / { skipped++; next }

END {
  print "moved " last + 0 >> (work "/findings")
  print "skipped " skipped + 0 >> (work "/findings")
  write_stats()
}
