/** A container that writes files of its own some seconds after its start, each time that it starts. */
import { test } from '@jest/globals';
import { expectKeptOverRestart } from './support/restarted-seed.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

const pod = { volumes: [{ name: 'data', emptyDir: {} }] };
const container = { volumeMounts: [{ name: 'data', mountPath: '/work' }] };

test('edits and deletions outlive a restart, on a volume', () =>
  expectKeptOverRestart(open(), 'volume', { container, pod }));
