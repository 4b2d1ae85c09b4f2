/** Why a KRMSyncer is not carried out. */
import { X8sError } from '../../../../src/errors.ts';

/** Reasons as conditions bear them; whoever scripts on them may rely on these words. */
export type RefusalReason =
  | 'InvalidSpec'
  | 'InvalidRule'
  | 'NotAllowed'
  | 'SecretNotFound'
  | 'SecretForbidden'
  | 'InvalidKubeconfig'
  | 'KubeconfigRefused'
  | 'ServiceAccountNotFound'
  | 'TokenForbidden'
  | 'NoApiServer'
  | 'SameCluster';

/** The resource, or what it refers to, has to change before it can be carried out. */
export class Refusal extends X8sError {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string, hint?: string) {
    super(message, { hint });
    this.reason = reason;
  }
}
