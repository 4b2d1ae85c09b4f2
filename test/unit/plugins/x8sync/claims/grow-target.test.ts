/** A target claim that is made larger. */
import { describe, expect, test } from '@jest/globals';
import { growClaim, grownSize } from '../../../../../plugins/x8sync/claims/grow-target.ts';
import { parseMoverLine } from '../../../../../plugins/x8sync/mover/protocol/mover-lines.ts';
import { protocol } from '../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import { withGrowth } from '../../../../../plugins/x8sync/run/copy/copy.ts';
import { failureOf, TargetTooSmall } from '../../../../../plugins/x8sync/run/results/result.ts';
import { persistentVolumeClaims, storageClasses } from '../../../../../src/kube/api/resources.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const gibibyte = 2 ** 30;

function missing(end: object): number | undefined {
  const ref = { kube: fakeKube(), namespace: 'shop', claim: 'data' };
  const said = JSON.stringify({ protocol, nonce: 'n', outcome: 'no-room', message: 'too little', ...end });
  const line = parseMoverLine(`x8s:end ${said}`);
  if (line.kind !== 'end') throw new Error('not an end');
  const request = { source: ref, target: ref, mode: 'merge', name: undefined, allowMounted: false } as const;
  const rest = { trustedXattrs: false, checksum: false, strategies: [], image: 'mover', timeoutMs: 0 };
  const error = failureOf(line.end, { ...request, ...rest }, { diagnostics: [], begun: false });
  return error instanceof TargetTooSmall ? error.missingBytes : undefined;
}

test('a device by what it lacks, files by somewhat more, and neither where nobody knows by how much', () => {
  const device = { blocks: 0, differing: 0, sentBytes: 0, zeroedBytes: 0 };
  expect(missing({ device: { ...device, sourceBytes: 3 * gibibyte, targetBytes: gibibyte } })).toBe(
    2 * gibibyte,
  );
  const room = { needInodes: 5, freeInodes: -1 };
  const files = missing({ room: { ...room, needBytes: 3 * gibibyte, freeBytes: gibibyte } }) ?? 0;
  expect(files).toBeGreaterThan(2.1 * gibibyte);
  expect(files).toBeLessThan(2.3 * gibibyte);
  // It ran full, or inodes are what is missing.
  expect(missing({})).toBeUndefined();
  expect(missing({ room: { ...room, needBytes: 1, freeBytes: gibibyte } })).toBeUndefined();
});

test('a class that does not let volumes grow is named, and the claim stays as it is', async () => {
  const kube = fakeKube();
  const claimOf = (name: string, spec: object) => ({
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: 'shop' } },
    spec: { resources: { requests: { storage: '1Gi' } }, ...spec },
  });
  const storageClass = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'fixed' } };
  await kube.create(storageClasses, { ...storageClass, provisioner: 'p' });
  await kube.create(persistentVolumeClaims, claimOf('data', { storageClassName: 'fixed' }));
  await kube.create(persistentVolumeClaims, claimOf('static', {}));
  const grow = (claim: string) =>
    growClaim({ kube, namespace: 'shop', claim }, 5, { timeoutMs: 0, signal: new AbortController().signal });
  await expect(grow('data')).rejects.toThrow(
    "target claim fake/shop/data is too small, and can't be made larger: StorageClass fixed does not let volumes grow",
  );
  await expect(grow('static')).rejects.toThrow('it has no storage class');
  expect(kube.calls.filter(({ verb }) => verb === 'patch')).toEqual([]);
});

describe('a copy whose target is too small', () => {
  const { signal } = new AbortController();
  const tooSmall = new TargetTooSmall('too little room', 5 * 2 ** 20, []);

  /** A claim of 1 GiB in a class that lets volumes grow or not, and a copy that fails once. */
  async function scene(wish: object, allowVolumeExpansion = true) {
    const kube = fakeKube();
    const storageClass = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'c' } };
    await kube.create(storageClasses, { ...storageClass, provisioner: 'p', allowVolumeExpansion });
    await kube.create(persistentVolumeClaims, {
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace: 'shop' } },
      spec: { storageClassName: 'c', resources: { requests: { storage: '1Gi' } } },
      status: { conditions: [{ type: 'FileSystemResizePending', status: 'True' }] },
    } as never);
    const told: string[] = [];
    const reporter = { ...createSilentReporter(), warn: (text: string) => told.push(text) };
    let attempts = 0;
    const attempt = async () => {
      attempts += 1;
      if (attempts === 1) throw tooSmall;
      return 'copied';
    };
    const target = { kube, namespace: 'shop', claim: 'data' };
    const ended = withGrowth({ target, timeoutMs: 0, ...wish }, { reporter, signal }, attempt);
    const size = async () =>
      (await kube.get(persistentVolumeClaims, { namespace: 'shop', name: 'data' })).spec.resources?.requests
        ?.storage;
    return { ended, size, told, attempts: () => attempts };
  }

  test.each([
    ['is to grow', { growTarget: true }],
    ['was made for it', { targetIsMade: true }],
  ])('that %s is made once more with a larger one', async (_, wish) => {
    const { ended, size, told } = await scene(wish);
    expect(await ended).toBe('copied');
    expect(await size()).toBe('1029Mi');
    expect(told).toEqual([]);
  });

  test('that was there before stays as it is, unless it is to grow', async () => {
    const { ended, size, attempts } = await scene({ targetIsMade: false });
    await expect(ended).rejects.toBe(tooSmall);
    expect([await size(), attempts()]).toEqual(['1Gi', 1]);
  });

  test('that was made for it, in a class that lets nothing grow: refused for the room, and why it stays is said', async () => {
    const { ended, told, attempts } = await scene({ targetIsMade: true }, false);
    await expect(ended).rejects.toBe(tooSmall);
    expect(told).toEqual([expect.stringMatching(/can't grow: .*does not let volumes grow.*--size/)]);
    expect(attempts()).toBe(1);
  });

  test('that is to grow in such a class fails with just that', async () => {
    const { ended } = await scene({ growTarget: true }, false);
    await expect(ended).rejects.toThrow(/does not let volumes grow/);
  });
});

test('the new size is in whole MiB', () => {
  expect(grownSize(gibibyte, 1)).toBe('1025Mi');
  expect(grownSize(0, 2 ** 40)).toBe('1048576Mi');
});
