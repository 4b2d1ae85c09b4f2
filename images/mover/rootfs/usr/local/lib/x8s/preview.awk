# What rsync --dry-run --delete --out-format='%i|%n%L' would do: the first names, and how many of which kind.
/^\*deleting *\|/ { extraneous++; next }
/^[<>ch.][fdLDS][^|]*\|/ {
  changes++
  if (changes <= 200) {
    bar = index($0, "|")
    item = substr($0, 1, bar - 1)
    sub(/ +$/, "", item)
    printf "x8s:change {\"item\":%s,\"name\":%s}\n", json(item), json(cut(substr($0, bar + 1), 1024))
  }
  next
}
/^skipping non-regular file / { skipped++; next }

END {
  note("changes", changes + 0)
  note("extraneous", extraneous + 0)
  print "skipped " skipped + 0 >> (work "/findings")
  write_stats()
}
