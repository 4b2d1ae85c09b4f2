/** A lock as an object of the API: its claim in a ConfigMap's annotations or in a Lease's spec. */
import type { CallOptions, KubeClient } from '../kube/api/client.ts';
import type { ConfigMap, KubeObject, Lease, OwnerReference } from '../kube/api/objects.ts';
import { configMaps, leases, type Resource } from '../kube/api/resources.ts';
import { Annotation } from './names.ts';
import { setAll } from './record.ts';

/** Who holds a lock, as its object says it. Times are RFC 3339 and for people only. */
export interface Claim {
  /** As `formatHolder` writes it. */
  readonly holder: string;
  readonly since: string;
  readonly renewed: string;
  /** After how long without a renewal another may take the lock: the holder's own promise; 0 where unknown. */
  readonly staleAfterMs: number;
  /** What it is held for, for messages. */
  readonly purpose: string;
}

/** How one kind of object carries a claim. */
export interface LockKind<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  /** Releasing frees the object and never deletes it. */
  readonly keep: boolean;
  /** The claim in the object; undefined where it is free. */
  claimOf(object: T): Claim | undefined;
  /** The object with this claim, or without any, and everything else as it was. */
  withClaim(object: T, claim: Claim | undefined): T;
}

/** A lock in the annotations of a ConfigMap, which may be a task's own record. */
export const configMapLock: LockKind<ConfigMap> = {
  resource: configMaps,
  keep: false,
  claimOf({ metadata: { annotations = {} } }) {
    const holder = annotations[Annotation.holder];
    if (holder === undefined) return undefined;
    const staleAfterMs = Number.parseFloat(annotations[Annotation.staleAfter] ?? '0') * 1000 || 0;
    return {
      holder,
      staleAfterMs,
      since: annotations[Annotation.heldSince] ?? '',
      renewed: annotations[Annotation.heartbeat] ?? '',
      purpose: annotations[Annotation.purpose] ?? '',
    };
  },
  withClaim(object, claim) {
    const annotations = setAll(object.metadata.annotations, {
      [Annotation.holder]: claim?.holder,
      [Annotation.heldSince]: claim?.since,
      [Annotation.heartbeat]: claim?.renewed,
      [Annotation.staleAfter]: claim && `${claim.staleAfterMs / 1000}s`,
      [Annotation.purpose]: claim?.purpose,
    });
    return { ...object, metadata: { ...object.metadata, annotations } };
  },
};

/** A Lease's times have microseconds: the API server refuses any other number of digits. */
const microTime = (time: string) => time.replace(/(\.\d{3})Z$/, '$1000Z');

/** A lock in the spec of a Lease, as client-go's leader election writes it. */
export const leaseLock: LockKind<Lease> = {
  resource: leases,
  keep: true,
  claimOf({ spec = {}, metadata: { annotations = {} } }) {
    if (!spec.holderIdentity) return undefined;
    return {
      holder: spec.holderIdentity,
      since: spec.acquireTime ?? '',
      renewed: spec.renewTime ?? '',
      staleAfterMs: (spec.leaseDurationSeconds ?? 0) * 1000,
      purpose: annotations[Annotation.purpose] ?? '',
    };
  },
  withClaim(object, claim) {
    const { spec = {}, metadata } = object;
    const annotations = setAll(metadata.annotations, { [Annotation.purpose]: claim?.purpose });
    if (!claim)
      return { ...object, metadata: { ...metadata, annotations }, spec: { ...spec, holderIdentity: '' } };
    const changesHands = spec.holderIdentity !== claim.holder;
    return {
      ...object,
      metadata: { ...metadata, annotations },
      spec: {
        ...spec,
        holderIdentity: claim.holder,
        acquireTime: microTime(claim.since),
        renewTime: microTime(claim.renewed),
        leaseDurationSeconds: Math.ceil(claim.staleAfterMs / 1000),
        leaseTransitions: (spec.leaseTransitions ?? 0) + (changesHands ? 1 : 0),
      },
    };
  },
};

/** Where a lock is and what its object bears when it is made. */
export interface LockPlace {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
}

/** The lock's object in the cluster. Every write carries the version that it is based on. */
export class LockObject<T extends KubeObject = KubeObject> {
  readonly #kube: KubeClient;
  readonly #kind: LockKind<T>;
  readonly #place: LockPlace;

  constructor(kube: KubeClient, kind: LockKind<T>, place: LockPlace) {
    this.#kube = kube;
    this.#kind = kind;
    this.#place = place;
  }

  claimOf(object: T): Claim | undefined {
    return this.#kind.claimOf(object);
  }

  read(options?: CallOptions): Promise<T | undefined> {
    return this.#kube.find(this.#kind.resource, this.#place, options);
  }

  create(claim: Claim, options?: CallOptions): Promise<T> {
    const { namespace, name, labels, ownerReferences = [] } = this.#place;
    const { group, version, kind } = this.#kind.resource;
    const bare = {
      apiVersion: group === '' ? version : `${group}/${version}`,
      kind,
      metadata: { namespace, name, labels: { ...labels }, ownerReferences: [...ownerReferences] },
    } as KubeObject as T;
    return this.#kube.create(this.#kind.resource, this.#kind.withClaim(bare, claim), options);
  }

  write(object: T, claim: Claim | undefined, options?: CallOptions): Promise<T> {
    return this.#kube.replace(this.#kind.resource, this.#kind.withClaim(object, claim), options);
  }

  async remove({ metadata: { uid, resourceVersion } }: T, options?: CallOptions): Promise<void> {
    await this.#kube.delete(this.#kind.resource, this.#place, { ...options, uid, resourceVersion });
  }

  /** `ConfigMap prod/x8sync-claim-… (context lab-b)`. */
  describe(): string {
    const { namespace, name } = this.#place;
    return `${this.#kind.resource.kind} ${namespace}/${name} (context ${this.#kube.cluster.context})`;
  }
}
