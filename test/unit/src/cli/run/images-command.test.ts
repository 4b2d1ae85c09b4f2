import { describe, expect, test } from '@jest/globals';
import { runFake } from '../../../support/fake-plugin.ts';

const plugin = {
  name: 'fake',
  summary: 'A plugin for tests.',
  version: '1.2.3',
  commit: '',
  images: { mover: 'registry.test/owner/mover:1.2.3' },
};

describe('images', () => {
  test.each([
    [['images'], 'NAME    IMAGE\nmover   registry.test/owner/mover:1.2.3\n'],
    [['images', '-o', 'name'], 'registry.test/owner/mover:1.2.3\n'],
  ])('%j', async (argv, expected) => {
    expect(await runFake(argv, undefined, { plugin })).toMatchObject({ exitCode: 0, stdout: expected });
  });

  test('as a document', async () => {
    const { stdout } = await runFake(['images', '-o', 'json'], undefined, { plugin });
    expect(JSON.parse(stdout)).toEqual({
      images: [{ name: 'mover', image: 'registry.test/owner/mover:1.2.3' }],
    });
  });

  test('is no command of a plugin that runs none', async () => {
    expect((await runFake(['images'], [])).exitCode).toBe(2);
  });
});
