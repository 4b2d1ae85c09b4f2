/** The specification of an nsreplicate task, with defaults for what a test leaves open. */
import { defaultLimits } from '../../plugins/nsreplicate/decide/brake.ts';
import type { TaskSpec } from '../../plugins/nsreplicate/decide/spec.ts';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';

export const specOf = (change: Partial<TaskSpec> = {}): TaskSpec => ({
  name: 'test',
  rules: [ruleFor('', 'Secret'), ruleFor('', 'ConfigMap')],
  namespaces: { include: ['app-*'], exclude: [], selector: [], sensitive: false },
  map: new Map(),
  overrides: [],
  adopt: false,
  exact: false,
  forceConflicts: false,
  failBack: false,
  drift: 'fix',
  onImmutable: 'fail',
  prune: { prune: true, claims: false, namespaces: false, definitions: false },
  brake: defaultLimits,
  standby: [],
  workers: 16,
  suspended: false,
  ...change,
});
