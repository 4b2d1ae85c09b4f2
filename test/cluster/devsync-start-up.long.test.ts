/** A container that writes files of its own after each start, where nothing of it outlives a restart. */
import { test } from '@jest/globals';
import { expectKeptOverRestart } from './support/restarted-seed.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

test('edits and deletions outlive a restart, in its own layer', () => expectKeptOverRestart(open(), 'layer'));
