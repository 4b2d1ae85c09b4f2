/** --create-target: how large the claim is that is made. */
import { afterAll, expect, test } from '@jest/globals';
import { get } from './support/clients.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { Scene } from './support/scene.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('create-target');
afterAll(() => scene.close());

interface Claim {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
}

(isLab ? test : test.skip)(
  'a claim that is made grows where the source uses more than its claim says',
  async () => {
    // Nothing bounds what is in this one; that of the target is a file system as large as its claim.
    await scene.claim(contextA, 'more', { size: '4Mi' });
    await scene.shell(contextA, 'more', 'head -c 12M /dev/urandom >/data/file');
    const args = [scene.ref(contextA, 'more'), scene.ref(contextB, 'more'), '--storage-class', 'tmpfs'];
    const said = saidBy(await x8sync('--create-target', ...args, '--verify'), 0);
    expect(said).toMatch(/Claim \S+\/more is made: 4Mi, tmpfs/);
    expect(said).toMatch(/Claim \S+\/more is made larger by /);
    const made = await get<Claim>(contextB, scene.namespace, 'pvc');
    const size = made.find(({ metadata }) => metadata.name === 'more')?.spec.resources.requests.storage ?? '';
    expect(Number.parseInt(size, 10)).toBeGreaterThan(12);
    // One that is there is nobody's to change unasked.
    await scene.claim(contextB, 'there', { size: '4Mi', storageClass: 'tmpfs' });
    const there = ['--create-target', scene.ref(contextA, 'more'), scene.ref(contextB, 'there')];
    expect(saidBy(await x8sync(...there), 3)).toMatch(/too little room/);
  },
);
