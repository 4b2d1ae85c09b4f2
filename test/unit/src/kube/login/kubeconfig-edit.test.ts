import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { withProviderConfig } from '../../../../../src/kube/login/kubeconfig-edit.ts';

const values = { 'id-token': 'new "id"', 'refresh-token': 'new-refresh' };

const edited = (text: string, user = 'ann') => withProviderConfig(text, user, values, 'refresh-token');

const user = (config: string, name = 'ann') =>
  `- name: ${name}\n  user:\n    auth-provider:\n      name: oidc\n      config:\n${config}`;

describe('withProviderConfig', () => {
  test.each([
    [
      'values of every form, and their comments',
      'id-token: >-\n          folded\n          text\n        # why\n        refresh-token: "x"   # here\n        last: 1',
      'id-token: "new \\"id\\""\n        # why\n        refresh-token: "new-refresh"   # here\n        last: 1',
    ],
    [
      'a value that is missing, and one that is empty',
      'refresh-token:\n        last: 1',
      'id-token: "new \\"id\\""\n        refresh-token: "new-refresh"\n        last: 1',
    ],
    [
      'an anchor',
      'refresh-token: &a old',
      'id-token: "new \\"id\\""\n        refresh-token: &a "new-refresh"',
    ],
    [
      'a mapping in braces',
      '{refresh-token: old, last: [1,2]}',
      '{"id-token": "new \\"id\\"", refresh-token: "new-refresh", last: [1,2]}',
    ],
  ])('%s', (_, before, after) => {
    const around = (config: string) =>
      `# top\nusers:\n${user('        id-token: other\n', 'bob')}${user(`        ${config}\n`)}# end\ncolors:   true\n`;
    expect(edited(around(before))).toBe(around(after));
  });

  test('a kubeconfig in JSON', () => {
    const text = JSON.stringify({
      users: [
        { name: 'ann', user: { 'auth-provider': { name: 'oidc', config: { 'refresh-token': 'old' } } } },
      ],
    });
    expect(JSON.parse(edited(text)).users[0].user['auth-provider'].config).toEqual(values);
  });

  test('the line ends of Windows', () => {
    const text = `users:\n${user('        id-token: |-\n          x\n        refresh-token: y\n')}`;
    const changed = edited(text.replaceAll('\n', '\r\n'));
    expect(changed.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(parse(changed).users[0].user['auth-provider'].config).toEqual(values);
  });

  test('the last of two users with one name, which is the one that counts', () => {
    const text = `users:\n${user('        refresh-token: first\n')}${user('        refresh-token: second\n')}`;
    expect(edited(text)).toContain('refresh-token: first');
  });

  test.each([
    ['a user who is gone', 'users: []', 'the user is no longer in it'],
    ['no users', 'kind: Config', 'the user is no longer in it'],
    ['no refresh token', `users:\n${user('        other: 1\n')}`, 'no longer a refresh-token in it'],
    [
      'a value that stands elsewhere too',
      `users:\n${user('        refresh-token: &a x\n        other: *a\n')}`,
      'can be changed in place',
    ],
    ['what is no YAML', `users:\n${user('        refresh-token: "s3cret\n')}`, 'not valid YAML'],
  ])('refuses %s', (_, text, why) => {
    const failure = () => edited(text);
    expect(failure).toThrow(why);
    expect(failure).not.toThrow('s3cret');
  });
});
