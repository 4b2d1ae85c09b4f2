/** The dashboard and the alert rules of docs/monitoring, held against the metrics that there are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Metrics } from '../../../../../plugins/nsreplicate/server/metrics/metrics.ts';

const folder = join(import.meta.dirname, '..', '..', '..', '..', '..', 'docs', 'monitoring');
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
}
interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

const dashboard = JSON.parse(read('grafana-dashboard.json')) as Dashboard;
const alerts = parse(read('alerts.yaml')) as Alerts;
const rules = alerts.groups.flatMap((group) => group.rules);
const panels = dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
const variables = dashboard.templating.list.map(({ query }) =>
  typeof query === 'string' ? query : query.query,
);

const metrics = new Metrics({ version: '', commit: '', tasks: () => [], watchRestarts: () => new Map() });

/** Names of metrics in an expression, without what a histogram adds to its name. */
const namesIn = (expr: string): string[] =>
  [...expr.matchAll(/nsreplicate_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ''));

async function known(): Promise<string[]> {
  return [...(await metrics.text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
}

test('each expression asks for metrics that there are', async () => {
  const names = new Set(await known());
  const asked = [...panels.map(({ expr }) => expr), ...rules.map(({ expr }) => expr), ...variables].flatMap(
    namesIn,
  );
  expect(asked.length).toBeGreaterThan(20);
  expect(asked.filter((name) => !names.has(name))).toEqual([]);
});

test('each metric is on the dashboard', async () => {
  const shown = new Set(panels.flatMap(({ expr }) => namesIn(expr)));
  expect((await known()).filter((name) => !shown.has(name))).toEqual([]);
});

test('labels of expressions are labels of their metrics', async () => {
  const meters = metrics.metersOf('t');
  meters.done('r', 'Kind|shop|a', 'created', new Date(), 1);
  meters.failed('r', 'Kind|shop|a', 'x');
  const text = await metrics.text();
  for (const name of [
    'changes_total',
    'failures_total',
    'lag_seconds_bucket',
    'apply_duration_seconds_bucket',
  ]) {
    const [, labels = ''] = new RegExp(`^nsreplicate_${name}\\{([^}]*)\\}`, 'm').exec(text) ?? [];
    for (const { expr } of panels.filter((panel) => panel.expr.includes(`nsreplicate_${name}`)))
      for (const label of (/by \(([^)]*)\)/.exec(expr)?.[1] ?? '').split(', '))
        expect(labels).toContain(`${label}="`);
  }
});

test('each alert has a name of its own', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});
