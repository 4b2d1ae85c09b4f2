/** One task: how its replicas stand, what fails and what to do, what waits to be approved, and who asked for what. */
import type { Api, ReplicaDocument, TaskDocument } from './api.ts';
import { LagChart } from './chart.ts';
import { showDialog } from './dialog.ts';
import { h, replace } from './dom.ts';
import { showPlan } from './plan.ts';
import type { Point } from './scale.ts';
import { duration, explain, lastKnown, objects, severity, standing } from './words.ts';

export interface CardOptions {
  readonly api: Api;
  /** Tells the person something, for a moment. */
  readonly tell: (text: string) => void;
  /** Whether the person may ask for anything. */
  readonly mayAsk: boolean;
}

export class TaskCard {
  readonly element = h('section', { class: 'task' });
  readonly #options: CardOptions;
  readonly #charts = new Map<string, LagChart>();
  #task: TaskDocument;

  constructor(task: TaskDocument, options: CardOptions) {
    this.#options = options;
    this.#task = task;
    this.show(task);
    void this.loadLag();
  }

  /** Takes up how it stands now. */
  show(task: TaskDocument): void {
    this.#task = task;
    this.tick();
    this.#draw();
  }

  /** Time went by; nothing was heard, so nothing has changed. Of a task that nobody works on nothing is known. */
  tick(): void {
    if (!this.#task.atWork) return;
    for (const { name, oldestMs } of this.#task.replicas)
      this.#chart(name).add({ at: Date.now(), value: oldestMs });
  }

  async loadLag(): Promise<void> {
    const { replicas } = await this.#options.api
      .ask<{ replicas: Record<string, { at: number; oldestMs: number }[]> }>(
        `/api/lag?task=${this.#task.name}`,
      )
      .catch(() => ({ replicas: {} as Record<string, { at: number; oldestMs: number }[]> }));
    for (const [name, points] of Object.entries(replicas))
      this.#chart(name).set(points.map(({ at, oldestMs }): Point => ({ at, value: oldestMs })));
  }

  #chart(replica: string): LagChart {
    const chart = this.#charts.get(replica) ?? new LagChart(replica);
    this.#charts.set(replica, chart);
    return chart;
  }

  #draw(): void {
    const { name, phase, atWork, primary, objects: count, kinds, replicas, notes } = this.#task;
    replace(
      this.element,
      h(
        'header',
        {},
        h('h2', {}, name),
        h('span', { class: `phase ${phase.toLowerCase()}` }, phase),
        this.#actions(),
      ),
      !atWork &&
        h(
          'p',
          { class: 'problem' },
          'No instance is at work on this task: all of this is as it was last written.',
        ),
      h('p', { class: 'about' }, `${objects(count)} of ${kinds.length} kinds from ${primary.name}`),
      primary.problem !== undefined &&
        h('p', { class: 'problem' }, `The primary does not answer: ${primary.problem}`),
      ...replicas.map((replica) => this.#replica(replica)),
      this.#approval(),
      this.#failures(),
      ...notes.map((note) => h('p', { class: 'note' }, note)),
      this.#requests(),
    );
  }

  #actions(): HTMLElement | undefined {
    if (!this.#options.mayAsk) return undefined;
    const { name, paused } = this.#task;
    const verb = paused ? 'resume' : 'pause';
    const ask = () => this.#ask(verb, undefined, paused ? `${name} goes on.` : `${name} will hold.`);
    const plan = () => this.#do(() => showPlan(this.#options.api, name));
    return h(
      'span',
      { class: 'actions' },
      h(
        'button',
        { type: 'button', 'data-key': `${verb}`, onclick: () => void ask() },
        paused ? 'Resume' : 'Pause',
      ),
      h('button', { type: 'button', 'data-key': 'plan', onclick: () => void plan() }, 'What would change'),
    );
  }

  #replica(replica: ReplicaDocument): HTMLElement {
    const { name, problem, lagP50Ms, lagP99Ms, done, lacks } = replica;
    const { atWork } = this.#task;
    const lag =
      lagP50Ms === undefined ? '' : `lag p50 ${duration(lagP50Ms)}, p99 ${duration(lagP99Ms ?? lagP50Ms)}`;
    const did = Object.entries(done)
      .filter(([, count]) => (count ?? 0) > 0)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ');
    return h(
      'article',
      { class: `replica ${atWork ? severity(replica) : 'unknown'}` },
      h(
        'h3',
        {},
        name,
        ' ',
        h('span', { class: 'standing' }, atWork ? standing(replica) : lastKnown(replica)),
      ),
      problem !== undefined && h('p', { class: 'problem' }, problem),
      this.#chart(name).element,
      h('p', { class: 'about' }, [lag, did].filter((part) => part !== '').join(' · ')),
      ...lacks.map((line) => h('p', { class: 'note' }, `lacks ${line}`)),
    );
  }

  #approval(): HTMLElement | undefined {
    const { digest, replicas } = this.#task;
    if (digest === undefined) return undefined;
    const stopped = replicas.filter(({ deletionsStopped }) => deletionsStopped);
    const waiting = stopped.reduce((sum, replica) => sum + (replica.waiting?.count ?? 0), 0);
    return h(
      'article',
      { class: 'replica bad' },
      h('h3', {}, `Deletions are stopped: ${objects(waiting)} wait`),
      ...stopped.map(({ name, stoppedBecause = '' }) => h('p', {}, `${name}: ${stoppedBecause}`)),
      this.#options.mayAsk &&
        h(
          'button',
          { type: 'button', 'data-key': 'approve', onclick: () => this.#showApproval(digest, stopped) },
          'See what waits',
        ),
    );
  }

  /** What is approved is what is shown: its digest goes along. */
  #showApproval(digest: string, stopped: readonly ReplicaDocument[]): void {
    const { name } = this.#task;
    const content = stopped.map(({ name: replica, stoppedBecause = '', waiting }) => {
      const { count = 0, objects: named = [] } = waiting ?? {};
      const more = count > named.length ? [h('li', {}, `… and ${count - named.length} more`)] : [];
      return h(
        'section',
        {},
        h('h3', {}, `${replica}: ${stoppedBecause}`),
        h('ul', { class: 'going', tabindex: 0 }, ...named.map((one) => h('li', {}, one)), ...more),
      );
    });
    showDialog(`Delete this on the replicas of ${name}?`, content, {
      label: 'Approve and delete',
      run: () =>
        this.#options.api
          .ask(`/api/tasks/${name}/approve`, { digest })
          .then(() => this.#options.tell('Approved.')),
    });
  }

  #failures(): HTMLElement | undefined {
    const { failures } = this.#task;
    if (failures.length === 0) return undefined;
    const items = failures.map(({ replica, kind, reason, count }) => {
      const { means, help } = explain(reason);
      return h('li', {}, h('strong', {}, `${count} ${kind} on ${replica}: `), `${means} ${help}`);
    });
    return h('div', { class: 'failures' }, h('h3', {}, 'What fails'), h('ul', {}, ...items));
  }

  #requests(): HTMLElement | undefined {
    const { askedFor } = this.#task;
    if (askedFor.length === 0) return undefined;
    const lines = askedFor
      .slice(-5)
      .reverse()
      .map(({ at, by, what, about }) =>
        h(
          'li',
          {},
          h('time', { datetime: at }, new Date(at).toLocaleString()),
          ` ${by}: ${what}${about === undefined ? '' : ` ${about}`}`,
        ),
      );
    return h(
      'details',
      {},
      h('summary', { 'data-key': 'asked' }, 'Who asked for what'),
      h('ul', {}, ...lines),
    );
  }

  #ask(verb: string, body: unknown, said: string): Promise<void> {
    const { api, tell } = this.#options;
    return this.#do(() =>
      api.ask(`/api/tasks/${this.#task.name}/${verb}`, body, 'POST').then(() => tell(said)),
    );
  }

  #do(work: () => Promise<void>): Promise<void> {
    return work().catch((error: Error) => this.#options.tell(error.message));
  }
}
