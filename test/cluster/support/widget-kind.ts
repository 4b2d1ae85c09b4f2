/** A kind of a test file's own, and files with rules for it. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { resolveResource } from '../../../src/kube/cluster/discovery.ts';
import { eventually } from '../../support/eventually.ts';
import { removeDefinition } from './definitions.ts';
import type { Pair } from './nsreplicate.ts';
import { widgets } from './objects.ts';

/** Widgets of a group that nobody else has. */
export class WidgetKind {
  readonly group = `t${randomBytes(3).toString('hex')}.x8s.test`;
  readonly definition = widgets(this.group);
  /** As kubectl is told it. */
  readonly plural = `widgets.${this.group}`;

  /** The definition with a label by which a rule finds that of a pair alone. */
  definitionOf({ namespace }: Pair): KubeObject {
    const { metadata, ...rest } = this.definition;
    return { ...rest, metadata: { ...metadata, labels: { of: namespace } } };
  }

  /** A rule for {@link definitionOf}. */
  definitionRule({ namespace }: Pair): object {
    return {
      group: 'apiextensions.k8s.io',
      kind: 'CustomResourceDefinition',
      selector: `of=${namespace}`,
    };
  }

  widget(name: string, spec: object = { size: 1 }, metadata: object = {}): KubeObject {
    return { apiVersion: `${this.group}/v1`, kind: 'Widget', metadata: { name, ...metadata }, spec };
  }

  /** Resolves once a cluster serves it. */
  served(kube: KubeClient): Promise<Resource> {
    return eventually(() => resolveResource(kube, this.plural));
  }

  remove(kube: KubeClient): Promise<void> {
    return removeDefinition(kube, this.definition.metadata.name);
  }

  /** Writes a status as a controller does. */
  async setStatus({ namespace }: Pair, on: KubeClient, name: string, status: object): Promise<void> {
    const resource = await this.served(on);
    const object = { ...this.widget(name, {}, { namespace }), status };
    await on.apply(resource, object, { fieldManager: 'a-controller', force: true, subresource: 'status' });
  }
}

/** Where a test file has its config files; resolves them to flags. Gone when the file is through. */
export function configFiles(): (name: string, value: object) => string[] {
  const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return (name, value) => {
    const path = join(folder, `${name}.yaml`);
    // JSON is YAML.
    writeFileSync(path, JSON.stringify(value));
    return ['--config', path];
  };
}
