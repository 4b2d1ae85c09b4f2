import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { pluginNames } from '../../../scripts/build.ts';
import { manPage } from '../../../scripts/reference/man.ts';
import { referencePage } from '../../../scripts/reference/markdown.ts';
import { definitionsOf, pageOf } from '../../../scripts/reference.ts';

describe.each(pluginNames())('%s', (plugin) => {
  const definitions = definitionsOf(plugin);

  test('its reference page is as its commands are now; else: npm run reference', () => {
    expect(readFileSync(pageOf(plugin), 'utf8')).toBe(referencePage(definitions));
  });

  (existsSync('/usr/bin/groff') ? test : test.skip)(
    'its man page is one that groff reads without a warning',
    () => {
      const page = manPage(definitions);
      const groff = ['-man', '-Tutf8', '-Kutf8', '-ww'];
      const { stdout, stderr, status } = spawnSync('groff', groff, { input: page, encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      for (const { usage } of definitions.commands)
        for (const word of usage.split(' ')) expect(stdout).toContain(word);
    },
  );
});

test('text that man would take for a request, and Markdown for a tag, is shown as it is', () => {
  const command = {
    path: ['do'],
    aliases: [],
    summary: 'Do it.',
    details: '.TH is <no> request\n\n\\fB neither -n',
    usage: 'kubectl fake do',
    examples: [],
    arguments: [],
    options: [],
  };
  const definitions = { name: 'fake', summary: 'A plugin.', version: '1.2.3', commands: [command] };
  expect(manPage(definitions)).toContain('\\&.TH is <no> request\n.PP\n\\efB neither \\-n\n');
  expect(referencePage(definitions)).toContain('.TH is \\<no> request');
});
