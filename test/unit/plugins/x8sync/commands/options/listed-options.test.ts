/** Options of one copy in a file: all that a copy has by flags, but for those about the whole batch. */
import { expect, test } from '@jest/globals';
import { CopyCommand } from '../../../../../../plugins/x8sync/commands/copy.ts';
import type { BatchFlags } from '../../../../../../plugins/x8sync/commands/options/batch-flags.ts';
import {
  listedOptions,
  withListedOptions,
} from '../../../../../../plugins/x8sync/commands/options/listed-options.ts';
import { podOptionsOf } from '../../../../../../plugins/x8sync/commands/options/pod-flags.ts';
import { longName } from '../../../../../../src/cli/declarations.ts';
import { KubeCommand } from '../../../../../../src/cli/kube-command.ts';
import { declarationOf } from '../../../../../../src/cli/options.ts';

/** Options of a command by their names, with the fields that they are. */
function optionsOf(command: object): Map<string, string> {
  const fields = Object.entries(command).map(([field, value]) => {
    const declaration = typeof value === 'object' && value !== null ? declarationOf(value) : undefined;
    return [declaration && 'names' in declaration ? longName(declaration).slice(2) : '', field] as const;
  });
  return new Map(fields.filter(([name]) => name !== ''));
}

/** About the batch as a whole, or about what is done once for all of it. */
const ofTheBatch = [
  'all',
  'selector',
  'filename',
  'max-tasks',
  'yes',
  'dry-run',
  'detach',
  'keep-records',
  'timeout',
];
const notInABatch = ['cutover', 'downtime-goal', 'then', 'every', 'time-zone', 'way'];

class AnyCommand extends KubeCommand {
  override run = async () => undefined;
}

test('a list has every flag of a copy, under the field that the command has', () => {
  const all = optionsOf(new CopyCommand());
  const common = optionsOf(new AnyCommand());
  const own = [...all].filter(
    ([name]) => !common.has(name) && ![...ofTheBatch, ...notInABatch].includes(name),
  );
  const listed = Object.entries(listedOptions).map(([name, [field]]) => [name, field]);
  expect(listed.sort()).toEqual(own.sort());
});

test('pods of one copy are asked for as by flags, with maps where flags are KEY=VALUE', async () => {
  const none = {
    imagePullSecret: [],
    nodeSelector: [],
    toleration: [],
    podLabel: [],
    podAnnotation: [],
    podPatch: [],
  };
  const options = {
    cpu: '100m:2',
    nodeSelector: { disk: 'ssd', zone: 1 },
    toleration: 'dedicated=db:NoSchedule',
    podLabel: ['team=shop'],
    'pod-annotation': { note: 'a=b' },
    priorityClass: 'low',
  };
  const copy = { source: 'a', target: 'b', where: 'list:1', options };
  const flags = withListedOptions(none as unknown as BatchFlags, copy);
  expect(await podOptionsOf(flags)).toMatchObject({
    cpu: { request: '100m', limit: '2' },
    nodeSelector: { disk: 'ssd', zone: '1' },
    tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'db', effect: 'NoSchedule' }],
    labels: { team: 'shop' },
    annotations: { note: 'a=b' },
    priorityClass: 'low',
  });
  const wrong = { ...copy, options: { nodeSelector: { disk: ['ssd'] } } };
  expect(() => withListedOptions(none as unknown as BatchFlags, wrong)).toThrow(/nodeSelector/);
});
