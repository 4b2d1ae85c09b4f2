/** File systems that the kernel makes up: what is in them are no files, and there may be no end to it. */
import { statfsSync } from 'node:fs';

/** By the number that statfs(2) knows them by. */
const pseudo = new Map([
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
  [0x1cd1, 'devpts'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x73636673, 'securityfs'],
  [0xcafe4a11, 'bpf'],
  [0x6165676c, 'pstore'],
  [0x19800202, 'mqueue'],
  [0x6e736673, 'nsfs'],
]);

/** Throws where a directory holds no files that could be synced. */
export function requireFiles(folder: string): void {
  const name = pseudo.get(statfsSync(folder).type >>> 0);
  if (name === undefined) return;
  throw Object.assign(
    new Error(`it is on ${name}, which holds no files but what the kernel tells of itself`),
    {
      code: 'ENOTSUP',
    },
  );
}
