/** The mover's scripts, for tests of single functions of theirs: they are written for bash and Debian's tools. */
import { join } from 'node:path';
import { test } from '@jest/globals';

export const moverRoot = join(import.meta.dirname, '../../../images/mover/rootfs/usr/local');
export const moverLib = join(moverRoot, 'lib/x8s');
export const onLinux = process.platform === 'linux' ? test : test.skip;
