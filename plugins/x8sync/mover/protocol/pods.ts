/** Over how many pods the streams of a copy may be spread, as the plugin writes it and the mover reads it. */

/** What the plugin knows of it when it makes the mover. */
export interface PodsWish {
  readonly asked: number | 'auto';
  /** Access modes of the claims. */
  readonly modes: Readonly<Record<'source' | 'target', readonly string[]>>;
  /** Nodes that may take the pod; undefined where they may not be asked. */
  readonly nodes?: number | undefined;
  /** A worker that has given no sign for so many seconds is taken for gone. */
  readonly goneSeconds?: number | undefined;
}

/** Over how many pods a copy was spread. */
export interface PodsReport {
  /** Those that took part; 1 where the mover copied alone. */
  readonly copied: number;
  readonly asked: number;
  readonly why: string;
  /** Files that others than the mover's pod have brought. */
  readonly files: number;
}

/** A network file system of more servers would have to be larger than any that was tried. */
export const mostPods = 16;
const variable = 'X8S_PODS';

export const podsEnv = (wish: PodsWish | undefined): Record<string, string> =>
  wish === undefined || wish.asked === 1 ? {} : { [variable]: JSON.stringify(wish) };

/** What is not said is one pod. */
export function readPodsWish(env: Readonly<Record<string, string | undefined>>): PodsWish {
  const text = env[variable];
  return text ? (JSON.parse(text) as PodsWish) : onePod;
}

export const onePod: PodsWish = { asked: 1, modes: { source: [], target: [] } };
