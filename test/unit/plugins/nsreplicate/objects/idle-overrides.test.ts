import { expect, test } from '@jest/globals';
import { idleOverrides } from '../../../../../plugins/nsreplicate/objects/idle-overrides.ts';
import { parseConfig } from '../../../../../plugins/nsreplicate/rules/parse-config.ts';

const keys = () => ['Deployment.apps|shop|web', 'ConfigMap|shop|settings', 'ConfigMap|pay|web-settings'];

/** What is said of overrides in a file. */
const idle = (...lines: string[]) =>
  idleOverrides(
    parseConfig(`overrides:\n${lines.map((line) => `- {${line}, set: {a: 0}}\n`).join('')}`, 'dr.yaml')
      .overrides,
    { replicas: ['us'], keys },
  );

test.each([
  ['names: [web]'],
  ['names: ["web*", settings], namespaces: [shop, pay]'],
  ['kinds: [Deployment], group: apps, names: [web]'],
  ['kinds: [ConfigMap], group: "", namespaces: [shop], names: [settings]'],
  ['replicas: ["u*", of-another-run]'],
  ['selector: app=nowhere'],
])('an override that something answers to is nothing to say: %s', (line) => {
  expect(idle(line)).toEqual([]);
});

test.each([
  ['names: [web, wbe]', 'no object of its kinds and namespaces is called "wbe"'],
  ['names: ["wbe*"]', 'no object of its kinds and namespaces is called "wbe*"'],
  ['kinds: [ConfigMap], names: [web]', 'no object of its kinds and namespaces is called "web"'],
  ['group: batch, names: [web]', 'no object of its kinds and namespaces is called "web"'],
  ['namespaces: [pay], names: [settings]', 'no object of its kinds and namespaces is called "settings"'],
  ['namespaces: [shop, shpo]', 'no object of its kinds is in a namespace "shpo"'],
  ['replicas: ["eu-*"]', 'no replica is called "eu-*"'],
])('a name that nothing answers to is said, with file and line: %s', (line, message) => {
  expect(idle('names: [web]', line)).toEqual([
    `dr.yaml:3:3: overrides[1]: ${message}, so this part of it changes nothing`,
  ]);
});
