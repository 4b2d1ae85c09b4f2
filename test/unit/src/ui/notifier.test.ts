import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { notifierFor, notify } from '../../../../src/ui/notifier.ts';
import { eventually } from '../../../support/eventually.ts';

const evil = '\u001b]0;x\u0007 --icon <b>&amp; "; display dialog "x';

test.each(['linux', 'darwin', 'win32'] as const)(
  'on %s a text is an argument or a variable, and never a part of a script',
  (platform) => {
    const harmless = notifierFor(platform, 'title', 'text');
    const { program, args, env = {} } = notifierFor(platform, evil, evil);
    expect(program).toBe(harmless.program);
    const isText = (one: string) => one.includes('display dialog "x');
    const scripts = args.filter((one) => !isText(one));
    expect(scripts).toEqual(harmless.args.filter((one) => one !== 'title' && one !== 'text'));
    for (const text of [...args, ...Object.values(env)].filter(isText)) expect(text).not.toMatch(/\p{Cc}/u);
  },
);

test('nothing in a text is taken for an option or for markup by notify-send', () => {
  expect(notifierFor('linux', '--title', '<b>&').args).toEqual([
    '--app-name=kubectl',
    '--',
    '--title',
    '‹b›+',
  ]);
});

test('a program is started beside the others, and one that is missing is told of', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'notifier-'));
  const [program, seen] = [join(folder, 'fake-notify-send'), join(folder, 'seen')];
  try {
    writeFileSync(program, `#!/bin/sh\nprintf '%s|' "$@" >"$SEEN"\n`);
    chmodSync(program, 0o755);
    notify({ program, args: ['a b', '--c'], env: { SEEN: seen } }, () => {});
    await eventually(() => expect(readFileSync(seen, 'utf8')).toBe('a b|--c|'));
    const missing = new Promise((resolve) => notify({ program: join(folder, 'none'), args: [] }, resolve));
    expect(await missing).toMatch(/none could not be started/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
