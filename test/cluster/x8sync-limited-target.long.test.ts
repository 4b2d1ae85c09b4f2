/** Targets whose file system can't keep all that they are given: said beforehand and at the end, exit 5, once. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { bindfs, caselessShare, type Mounter, NetworkMount } from './support/network-mount.ts';
import { Scene } from './support/scene.ts';
import { claimOn, deleteVolumesOf } from './support/volumes.ts';
import { type CopyDocument, documentOf, saidBy, x8sync } from './support/x8sync.ts';

interface Lossy extends CopyDocument {
  readonly losses: readonly {
    readonly kind: string;
    readonly count: number;
    readonly names: readonly string[];
  }[];
}

const inLab = isLab ? describe : describe.skip;
const folders: string[] = [];
const mounts: NetworkMount[] = [];
let scene: Scene;

/** A claim in the target's cluster on a folder that a program shows so. */
async function limitedClaim(claim: string, mounter: Mounter): Promise<NetworkMount> {
  const folder = mkdtempSync('/var/tmp/x8s-test-');
  folders.push(folder);
  const mount = await NetworkMount.below(folder, mounter);
  mounts.push(mount);
  await claimOn(scene, contextB, claim, { hostPath: { path: mount.path } });
  return mount;
}

inLab('a target that can not keep all', () => {
  let share: NetworkMount;
  beforeAll(async () => {
    scene = await Scene.open('limited');
    await Promise.all([scene.claim(contextA, 'names'), scene.claim(contextA, 'owners')]);
    await scene.shell(
      contextA,
      'names',
      'cd /data; mkdir sub; echo upper >sub/FILE; echo lower >sub/file; echo one >one',
    );
    await scene.shell(
      contextA,
      'owners',
      'cd /data; for i in 1 2 3; do echo $i >$i; done; chown 1001:1001 1 2; chmod 640 1 2; chown 0:0 . 3',
    );
    share = await limitedClaim('share', caselessShare);
    await limitedClaim('denied', bindfs('--chown-deny', '--chgrp-deny'));
  });
  afterAll(async () => {
    await scene.close();
    await deleteVolumesOf(scene, contextB, 'share', 'denied');
    await Promise.all(mounts.map((mount) => mount.close()));
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  test('refuses names that fall together, before the first byte', async () => {
    const said = saidBy(await x8sync(scene.ref(contextA, 'names'), scene.ref(contextB, 'share')), 3);
    expect(said).toMatch(/was not begun: .*"sub\/FILE" and "sub\/file".*--on-collision skip/);
    expect(readdirSync(share.elsewhere)).toEqual([]);
    expect(await scene.leftovers()).toEqual([]);
  });

  test('skips and names them where that is asked for, and copies nothing twice', async () => {
    const args = [scene.ref(contextA, 'names'), scene.ref(contextB, 'share'), '--on-collision', 'skip'];
    const said = saidBy(await x8sync(...args), 5);
    const beforehand = said.indexOf('does not tell some names apart, and these are skipped: 1 of');
    expect(beforehand).toBeGreaterThan(-1);
    expect(said.indexOf('Copied in part:')).toBeGreaterThan(beforehand);
    expect(said).toMatch(/names of 1 entry: sub\/file/);
    expect(said).toMatch(/hint: another storage class/);
    expect(readFileSync(join(share.elsewhere, 'sub/FILE'), 'utf8')).toBe('upper\n');
    expect(readdirSync(join(share.elsewhere, 'sub'))).toEqual(['FILE']);

    const dryRun = documentOf<Lossy>(await x8sync(...args, '--dry-run', '-o', 'json'));
    expect(dryRun).toMatchObject({
      outcome: 'ok',
      stats: { transferredFiles: 0 },
      losses: [{ kind: 'names', count: 1, names: ['sub/file'] }],
    });
    expect(dryRun.warnings.join('\n')).toMatch(/has not tried out whether the target .*keeps owners/);

    const again = await x8sync(...args, '-o', 'json');
    expect(again.code).toBe(5);
    const document = documentOf<Lossy>(again);
    expect(document).toMatchObject({ outcome: 'partial', failures: [], stats: { transferredFiles: 0 } });
    expect(document.lost).toContain('names');
    expect(document.losses).toContainEqual({ kind: 'names', count: 1, names: ['sub/file'] });
  });

  test('says whose owners are lost, keeps the rest, and copies nothing twice', async () => {
    const args = [scene.ref(contextA, 'owners'), scene.ref(contextB, 'denied')];
    const said = saidBy(await x8sync(...args), 5);
    expect(said).toMatch(/Warning: the target keeps no owners \(all is 0:0 there\): 2 of the source/);
    expect(said).toMatch(/ownership of 2 entries: /);
    expect(said).not.toMatch(/a pod that is root/);
    expect(await scene.inspect(contextA, 'owners', "stat -c '%n %a %Y' 1 2 3")).toBe(
      await scene.shell(contextB, 'denied', "cd /data; stat -c '%n %a %Y' 1 2 3"),
    );
    const again = await x8sync(...args, '-o', 'json');
    expect(again.code).toBe(5);
    expect(documentOf<Lossy>(again)).toMatchObject({
      outcome: 'partial',
      lost: ['ownership'],
      losses: [{ kind: 'ownership', count: 2 }],
      failures: [],
      stats: { transferredFiles: 0 },
    });
    expect(await scene.leftovers()).toEqual([]);
  });
});
