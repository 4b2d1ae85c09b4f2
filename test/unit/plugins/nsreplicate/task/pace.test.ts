import { expect, test } from '@jest/globals';
import { awaitWrites } from '../../../../../plugins/nsreplicate/task/pace.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

function scene() {
  const clock = fakeClock();
  const said: string[] = [];
  const writing = Promise.withResolvers<void>();
  const options = { clock, info: (text: string) => said.push(text), warn: (text: string) => said.push(text) };
  const over = awaitWrites([{ idle: () => writing.promise }, { idle: async () => {} }], options).then(() =>
    said.push('over'),
  );
  return { clock, said, writing, over };
}

test('writes that end soon are waited for in silence', async () => {
  const { said, writing, over } = scene();
  writing.resolve();
  await over;
  expect(said).toEqual(['over']);
});

test('writes that take longer are waited for aloud', async () => {
  const { clock, said, writing, over } = scene();
  await clock.advance(1_000);
  expect(said).toEqual([expect.stringMatching(/^ending: waiting/)]);
  writing.resolve();
  await over;
  expect(said.at(-1)).toBe('over');
  expect(said.length).toBe(2);
});

test('a write that outlasts its own limit is not waited for, which is said', async () => {
  const { clock, said, over } = scene();
  await clock.advance(1_000);
  await clock.advance(600_000);
  await over;
  expect(said.slice(1)).toEqual(['ended while a write may still be under way', 'over']);
});
