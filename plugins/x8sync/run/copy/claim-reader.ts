/** Reads claims as they are in their clusters, and tells these apart; each cluster is asked once who it is. */
import { clusterId } from '../../../../src/kube/cluster/identity.ts';
import { type ClaimRef, type ClaimState, readClaim } from '../../claims/claim.ts';
import { readTarget } from '../../claims/missing-target.ts';

export class ClaimReader {
  readonly #signal: AbortSignal;
  readonly #clusterIds = new Map<ClaimRef, Promise<string>>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async read(ref: ClaimRef): Promise<ClaimState> {
    return readClaim(ref, await this.clusterId(ref), this.#signal);
  }

  /** One that is to be written to. @throws where it is missing, with the flag that makes it. */
  async readTarget(ref: ClaimRef): Promise<ClaimState> {
    return readTarget(ref, await this.clusterId(ref), this.#signal);
  }

  /** Whether both claims are in one cluster. */
  async isOneCluster(one: ClaimRef, other: ClaimRef): Promise<boolean> {
    const [a, b] = await Promise.all([this.clusterId(one), this.clusterId(other)]);
    return a === b;
  }

  /** The UID of kube-system tells clusters apart; who may not read it compares API servers. */
  clusterId(ref: ClaimRef): Promise<string> {
    const { kube } = ref;
    const known = this.#clusterIds.get(ref);
    const id = known ?? clusterId(kube, { signal: this.#signal }).then((uid) => uid ?? kube.cluster.server);
    this.#clusterIds.set(ref, id);
    return id;
  }
}
