import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { MaybeEntry } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { type Mode, reconcile } from '../../../../../../plugins/devsync/reconcile/reconcile.ts';
import { difference, edited } from '../../../../../../plugins/devsync/reconcile/tree.ts';
import { Agreement } from '../../../../../../plugins/devsync/session/ancestor/agreement.ts';
import { ContainerHistory } from '../../../../../../plugins/devsync/session/ancestor/container-history.ts';
import { systemClock } from '../../../../../../src/clock.ts';
import { shapeOf, tree } from '../../support/trees.ts';
import { carryOut } from '../../support/world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Sides {
  readonly local: MaybeEntry;
  readonly container: MaybeEntry;
}

/** One reconciliation with a container of the image, all of it or none carried out; returns what is there afterwards. */
function syncWith(
  id: string,
  { local, container }: Sides,
  { mode = 'two-way-safe' as Mode, winner = undefined as 'alpha' | undefined, breaks = false } = {},
): Sides {
  const history = new ContainerHistory(folder, id);
  history.begin({ origin: 'image', seed: 'image' }, container);
  const { ancestor, startUp, image } = history;
  const agreement = new Agreement({ ancestor, binding: id, mode, startUp, image, clock: systemClock });
  agreement.recordFrom(container);
  const before = agreement.tree;
  const options = { mode, resolution: () => winner };
  const plan = reconcile(before, local, container, options);
  agreement.disagreed(plan.conflicts, 'alpha');
  if (breaks) return { local, container };
  const after = carryOut({ ancestor: before, alpha: local, beta: container }, plan);
  agreement.record([...difference(before, after.ancestor)]);
  agreement.reconciled();
  return { local: after.alpha, container: after.beta };
}

/** Links: their whole content stands in a manifest. */
const image = tree({ app: { a: '@1', b: '@1' }, only: { c: '@1' }, d: '@1' });

test('what a one-way sync never brought here is left alone in the next container as well', () => {
  const mode = 'one-way-safe';
  const local = tree({ app: { a: '@mine' }, d: '@mine' });
  syncWith('first', { local, container: image }, { mode, winner: 'alpha' });
  const next = syncWith('next', { local, container: image }, { mode });
  expect(shapeOf(next.container)).toEqual({ app: { a: '@mine', b: '@1' }, only: { c: '@1' }, d: '@mine' });
});

test('a container that goes before the first sync has brought anything here takes nothing with it', () => {
  const local = tree({ mine: '@1' });
  syncWith('first', { local, container: image }, { breaks: true });
  const next = syncWith('next', { local, container: image });
  expect(shapeOf(next.container)).toEqual({ ...(shapeOf(image) as object), mine: '@1' });
  expect(next.local).toEqual(next.container);
});

test('what was here once and is edited or deleted is so in every container after it', () => {
  const first = syncWith('first', { local: tree({ d: '@mine' }), container: image }, { winner: 'alpha' });
  expect(shapeOf(first.local)).toEqual({ app: { a: '@1', b: '@1' }, only: { c: '@1' }, d: '@mine' });
  let local = edited(first.local, [
    ['app/a', tree('@2')],
    ['only', undefined],
  ]);
  syncWith('first', { local, container: first.container });
  for (const id of ['second', 'third']) {
    const next = syncWith(id, { local, container: image });
    expect(shapeOf(next.container)).toEqual({ app: { a: '@2', b: '@1' }, d: '@mine' });
    expect(next.local).toEqual(local);
    local = next.local;
  }
});

test('where both have a version of their own, the next container of the image takes the one from here', () => {
  const sides = { local: tree({ d: '@mine' }), container: tree({ d: '@1' }) };
  expect(syncWith('first', sides)).toEqual(sides);
  expect(shapeOf(syncWith('next', sides).container)).toEqual({ d: '@mine' });
});
