/** The flags of a copy, with those by which there are many. */
import type { CopyFlags } from './copy-request.ts';

export interface BatchFlags extends CopyFlags {
  readonly all: boolean;
  readonly selector: string | undefined;
  readonly filename: string | undefined;
  readonly maxTasks: number;
  readonly namespace: string | undefined;
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly createTarget: boolean;
  readonly storageClass: string | undefined;
  readonly size: string | undefined;
  readonly accessMode: readonly string[];
}
