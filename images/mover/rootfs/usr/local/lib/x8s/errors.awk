# What rsync and ssh say on stderr: the first 200 lines for the log, the first 20 names for the end line, and
# what it means: room, vanished files, and kinds of attributes that the target did not take.
function name_of(text,   start, rest) {
  if (match(text, /^(could not make way for|cannot delete) [a-z -]+: /)) return substr(text, RLENGTH + 1)
  start = index(text, "\"")
  if (start == 0) return ""
  rest = substr(text, start + 1)
  # The closing quote is the last one: a name may hold quotes of its own.
  if (!match(rest, /.*"/)) return ""
  rest = substr(rest, 1, RLENGTH - 1)
  sub(/^\/target\//, "", rest)
  sub(/^\//, "", rest)
  return rest
}

function lose(kind) {
  if (!(kind in lost)) { lost[kind] = 1; print "lost " kind >> (work "/findings") }
}

/^$/ { next }
{
  level = /^file has vanished|^rsync warning|^Warning/ ? "warning" : "error"
  if (++lines <= 200) printf "x8s:log {\"level\":\"%s\",\"text\":%s}\n", level, json(cut($0, 2048))
}
/^file has vanished/ { vanished++; next }
# An attribute that is larger than the file system takes is refused in the same words as where there is no room.
/No space left on device|Disk quota exceeded/ { if (/setxattr/) lose("xattrs"); else full = 1 }
/failed: Operation not permitted|Permission denied|not supported|Invalid argument/ {
  if (/chown/) lose("ownership")
  if (/mknod/) lose("devices")
  if (/acl/) lose("acls")
  if (/xattr/) lose("xattrs")
}
# Without root, the volume's own root folder is somebody else's.
/^rsync: .* failed to set (times|permissions) on "\/target\/\."/ { lose("root folder"); next }
/^rsync: |^cannot |^could not |^skipping |^ERROR: / {
  text = text == "" ? $0 : text
  name = name_of($0)
  if (name != "" && !(name in failed)) {
    failed[name] = 1
    if (++failures <= 20) names = names (names == "" ? "" : ",") json(cut(name, 512))
  }
}
/^@ERROR/ { text = $0 }

END {
  print "vanished " vanished + 0 >> (work "/findings")
  print "full " full + 0 >> (work "/findings")
  print "failed " failures + 0 >> (work "/findings")
  if (text != "") print "said " cut(text, 1024) >> (work "/findings")
  if (names != "") print "[" names "]" > (work "/failures.json")
}
