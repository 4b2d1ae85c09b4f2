/** Credentials of the source's cluster that die while the files are copied. */
import { afterAll, test } from '@jest/globals';
import { contextA } from './support/contexts.ts';
import { expectToldOfDeadCredentials } from './support/dead-credentials.ts';
import { someFiles } from './support/files.ts';
import { Scene } from './support/scene.ts';

const scene = await Scene.open('credentials');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(6));
afterAll(() => scene.close());

test("the source's: the other side is clean, and it is said that the files are there, what is left and how to remove it", () =>
  expectToldOfDeadCredentials(scene, 'source'));
