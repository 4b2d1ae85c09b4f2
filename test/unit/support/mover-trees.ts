/** Trees as movers copy them, on this machine. */
import { execFileSync } from 'node:child_process';

const sh = (script: string): string => execFileSync('bash', ['-euc', script], { encoding: 'utf8' });

/** Every entry of a tree: kind, mode, owner, time, size, link count, target and name; inodes tell which are one file. */
export const treeOf = (folder: string): string =>
  sh(`cd ${folder}; find . -printf '%y %m %U:%G %T@ %n %l %P\\0' | sort -z | tr '\\0' '\\1';
      find . -type f -links +1 -printf '%i %P\\0' | sort -z -k2 | perl -0ne '/(\\d+) (.*)/s; $n{$1} //= $2; print "$n{$1} = $2"';
      find . -type f -print0 | sort -z | xargs -0 sha1sum; find . -print0 | sort -z | xargs -0 getfacl -s; find . -print0 | sort -z | xargs -0 getfattr -hd`);

/** Files of every kind and name. */
export const manyKinds = (folder: string): string =>
  sh(String.raw`cd ${folder}; mkdir -p a/b c 'd e' empty/inside
  for i in $(seq 60); do head -c $((i * 300)) /dev/urandom >a/$i; done
  for i in $(seq 30); do echo $i >a/b/$i; echo $i >"d e/$i"; done
  echo 1 >$'a/two\nlines'; echo 2 >'#hash'; echo 3 >';semicolon'; echo 4 >./-dash; echo 5 >$'c/\xff\xfe'; echo 6 >'c/back\#101'
  ln a/1 c/one; ln a/1 'd e/another'; ln a/b/1 link-in-root; ln -s a/1 symbolic
  truncate -s 20M sparse; printf end >>sparse; : >nothing
  chmod 0711 a; chmod 1777 empty; chmod 000 a/3; chmod 4755 a/4; chown 12:34 a/5; touch -d '2001-02-03 04:05:06.123456789' a a/7
  setfattr -n user.comment -v kept a/6 || true; setfattr -n user.rsync.%stat -v '100644 0,0 12:34' a/9 || true; setfattr -n user.rsync.%stat -v '40755 0,0 12:34' c || true
  setfacl -m u:1111:rw- a/8 || true`);
