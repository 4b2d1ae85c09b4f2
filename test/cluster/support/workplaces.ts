/** Workplaces for the tests of a file, and workstations that their watches run on. */
import { afterEach } from '@jest/globals';
import { LabWorkstation } from '../../lab/index.ts';
import { Workplace } from './devsync.ts';
import { inNamespace, type Place } from './namespace.ts';

export interface Workplaces {
  /** Where they are. */
  readonly place: () => Place;
  /** Opens one, on this machine. */
  open(): Workplace;
  /** Opens one on a workstation of its own, whose line to the cluster can be cut. On the lab only. */
  openAtDesk(): Promise<{ readonly work: Workplace; readonly desk: LabWorkstation }>;
}

/** A namespace for the tests of this `describe`, and workplaces in it, each of which is closed after its test. */
export function workplaces(): Workplaces {
  const place = inNamespace('A');
  const opened: Workplace[] = [];
  const desks: LabWorkstation[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((work) => work.close()));
    await Promise.all(desks.splice(0).map((desk) => desk.remove()));
  });
  const open = () => {
    const work = new Workplace(place());
    opened.push(work);
    return work;
  };
  const openAtDesk = async () => {
    const desk = await LabWorkstation.make();
    desks.push(desk);
    const work = open();
    work.under = desk.under;
    return { work, desk };
  };
  return { place, open, openAtDesk };
}
