/** What a completer knows. */
import type { KubeClient } from '../kube/api/client.ts';

export interface CompletionRequest {
  /** The word being completed; may be empty. */
  readonly word: string;
  /** Arguments before it, without options and without the command's name. */
  readonly words: readonly string[];
  /** Aborted when the time for an answer is over. */
  readonly signal: AbortSignal;
  /** Last value of an option on the command line by its long name, e.g. `--namespace`. */
  optionValue(name: string): string | undefined;
  /** The cluster that the options on the command line choose, or another context of the same kubeconfig. */
  kube(context?: string): Promise<KubeClient>;
  /** Names of the kubeconfig's contexts. */
  contexts(): Promise<readonly string[]>;
}
