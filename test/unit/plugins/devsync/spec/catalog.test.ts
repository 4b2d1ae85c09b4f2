import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Catalog } from '../../../../../plugins/devsync/spec/catalog.ts';
import { Workstation } from '../../../../../plugins/devsync/spec/workstation.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { RefusedError } from '../../../../../src/errors.ts';
import { fakeKube } from '../../../support/fake-kube.ts';
import { specOf } from '../support/specs.ts';

let folder: string;
let catalog: Catalog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devsync-catalog-'));
  catalog = new Catalog(fakeKube(), new Workstation(folder, 'linux'), systemClock);
});
afterEach(() => rmSync(folder, { recursive: true }));

const { signal } = new AbortController();

const make = (name: string, path: string, remote: string) =>
  catalog.create({ name, namespace: 'shop', spec: specOf(path, remote), allowOverlap: false, signal });

test('a sync that cannot be taken over for a directory stays as it is', async () => {
  await make('docs', '/home/alice/docs', '/docs');
  const web = await make('web', '/home/alice/web', '/app');
  const taken = catalog.replace(web, specOf('/home/alice/docs/web', '/app'), signal);
  await expect(taken).rejects.toThrow(RefusedError);
  expect((await catalog.get('shop', 'web', signal)).uid).toBe(web.uid);
  const moved = await catalog.replace(web, specOf('/home/alice/new', '/app'), signal);
  expect((await catalog.get('shop', 'web', signal)).spec.local.path).toBe('/home/alice/new');
  expect(moved.uid).not.toBe(web.uid);
});
