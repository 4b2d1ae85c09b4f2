/** What was seen of one side of a copy while it was followed: it explains a failure. */
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { MoverLine } from '../mover/protocol/mover-lines.ts';

const mostLines = 5;

export class SideEvidence {
  /** What makes the pods, and where; undefined before it is followed. */
  workload: { readonly kube: KubeClient; readonly namespace: string; readonly name: string } | undefined;
  /** UIDs of the workload and of its pods, also of those that are gone. */
  readonly uids = new Set<string>();
  /** The last lines of the pods' logs that are words. */
  readonly lastLines: string[] = [];

  saw({ metadata: { uid } }: Pick<KubeObject, 'metadata'>): void {
    if (uid !== undefined) this.uids.add(uid);
  }

  heard(line: MoverLine): void {
    const text = wordsOf(line);
    if (text === undefined || text === this.lastLines.at(-1)) return;
    this.lastLines.push(text);
    if (this.lastLines.length > mostLines) this.lastLines.shift();
  }
}

function wordsOf(line: MoverLine): string | undefined {
  if (line.kind === 'log' || line.kind === 'notice') return line.text.trim() || undefined;
  if (line.kind === 'connected') return `connected to ${line.address}`;
  if (line.kind === 'disconnected') return `no connection since ${line.since}`;
  return undefined;
}
