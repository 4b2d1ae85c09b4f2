/**
 * Claims of which snapshots and clones are made. The lab has no CSI driver, so a fake one freezes the data.
 */
import { afterAll, beforeAll, test } from '@jest/globals';
import { contextA, contextB, isLab } from './contexts.ts';
import { FakeCsiDriver } from './fake-csi-driver.ts';
import { kubectl } from './kubectl.ts';
import { Scene } from './scene.ts';

/** The fake driver works on the lab's own folders. */
export const onLab = isLab ? test : test.skip;

export class Snapshots {
  readonly scene: Scene;
  #driver: FakeCsiDriver | undefined;

  private constructor(scene: Scene) {
    this.scene = scene;
  }

  /** For a test file: claims `source` and `near` of the driver, and `plain` and the target without it. */
  static async ofFile(): Promise<Snapshots> {
    const snapshots = new Snapshots(await Scene.open('snapshot'));
    beforeAll(() => snapshots.#start());
    afterAll(() => snapshots.#stop());
    return snapshots;
  }

  get driver(): FakeCsiDriver {
    if (!this.#driver) throw new Error('the driver is there once tests run, on the lab');
    return this.#driver;
  }

  async #start(): Promise<void> {
    if (!isLab) return;
    const { scene } = this;
    this.#driver = await FakeCsiDriver.start(contextA, scene.namespace);
    const { name } = this.#driver;
    await Promise.all([
      scene.claim(contextA, 'source', { storageClass: name }),
      scene.claim(contextA, 'near', { storageClass: name }),
      scene.claim(contextA, 'plain'),
      scene.claim(contextB, 'target'),
    ]);
    await scene.shell(contextA, 'source', 'cd /data; seq 5000 >numbers; echo before >state; chown 5:6 state');
    await scene.shell(contextA, 'plain', 'echo plain >/data/file');
  }

  async #stop(): Promise<void> {
    await this.#driver?.stop();
    await this.scene.close();
  }

  /** What tasks have made of their sources, by name. */
  async frozen(): Promise<string> {
    const printed = await kubectl(contextA, [
      ...['-n', this.scene.namespace, 'get', 'volumesnapshots,persistentvolumeclaims', '-o', 'name'],
      ...['-l', 'app.kubernetes.io/managed-by=kubectl-x8sync'],
    ]);
    return printed.trim();
  }
}
