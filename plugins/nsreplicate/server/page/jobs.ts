/** The last jobs: searched, filtered, tried again, looked at. */
import { waitsForApproval } from '../../jobs/waits-for.ts';
import type { Api, Job } from './api.ts';
import { h, replace } from './dom.ts';
import { showDifference } from './plan.ts';
import { explain } from './words.ts';

export interface JobsOptions {
  readonly api: Api;
  readonly tell: (text: string) => void;
  readonly mayAsk: boolean;
}

interface Page {
  readonly jobs: readonly Job[];
  readonly total: number;
}

const LIMIT = 50;
const TYPING_MS = 300;

export class Jobs {
  readonly element: HTMLElement;
  readonly #options: JobsOptions;
  readonly #search = h('input', {
    type: 'search',
    id: 'search',
    placeholder: 'Object, reason or message',
    maxlength: 200,
    oninput: () => this.#soon(),
  });
  readonly #state = h(
    'select',
    { id: 'state', onchange: () => void this.first() },
    ...[
      ['', 'all'],
      ['failed', 'failed'],
      ['running', 'running'],
      ['pending', 'pending'],
      ['done', 'done'],
    ].map(([value, label = '']) => h('option', { value }, label)),
  );
  readonly #list = h('div', { class: 'jobs', 'aria-live': 'off' });
  #offset = 0;
  #shown = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.element = h(
      'section',
      { class: 'task' },
      h('h2', {}, 'Jobs'),
      h(
        'form',
        { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() },
        h('label', { for: 'search' }, 'Search'),
        this.#search,
        h('label', { for: 'state' }, 'State'),
        this.#state,
      ),
      this.#list,
    );
  }

  /** Asks anew from the first page on. */
  first(): Promise<void> {
    this.#offset = 0;
    return this.load();
  }

  async load(): Promise<void> {
    const query = new URLSearchParams({ limit: String(LIMIT), offset: String(this.#offset) });
    if (this.#search.value !== '') query.set('search', this.#search.value);
    if (this.#state.value !== '') query.set('state', this.#state.value);
    try {
      this.#draw(await this.#options.api.ask<Page>(`/api/jobs?${query}`));
    } catch (error) {
      this.#options.tell((error as Error).message);
    }
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.first(), TYPING_MS);
  }

  #draw(page: Page): void {
    const { jobs, total } = page;
    const shown = JSON.stringify([page, this.#offset]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const turn = (by: number) => {
      this.#offset += by;
      void this.load();
    };
    const button = (label: string, by: number, enabled: boolean) =>
      h('button', { type: 'button', 'data-key': label, disabled: !enabled, onclick: () => turn(by) }, label);
    const last = Math.min(total, this.#offset + jobs.length);
    replace(
      this.#list,
      total === 0
        ? h('p', {}, 'No jobs are kept that match.')
        : h('p', { class: 'about' }, `${this.#offset + 1} to ${last} of ${total}`),
      h('ul', { class: 'rows' }, ...jobs.map((job) => this.#row(job))),
      total > LIMIT &&
        h(
          'div',
          { class: 'actions' },
          button('Newer', -LIMIT, this.#offset > 0),
          button('Older', LIMIT, last < total),
        ),
    );
  }

  #row(job: Job): HTMLElement {
    const {
      id,
      task,
      replica,
      kind,
      namespace = '',
      name,
      state,
      did,
      reason,
      message,
      attempts,
      parked,
      finishedAt,
      startedAt,
    } = job;
    const where = namespace === '' ? name : `${namespace}/${name}`;
    const needsApproval = waitsForApproval(reason);
    const waiting = needsApproval ? 'waits for an approval' : 'waits for a retry';
    const how = parked ? waiting : state === 'done' ? (did ?? 'done') : state;
    const at = finishedAt ?? startedAt;
    const retry = this.#options.mayAsk && state === 'failed' && !needsApproval;
    return h(
      'li',
      { class: state },
      h('div', {}, h('strong', {}, `${kind} ${where}`), ` on ${replica} (${task})`),
      h(
        'div',
        { class: 'about' },
        `${how}${attempts > 1 ? `, ${attempts} attempts` : ''}, `,
        h('time', { datetime: at }, new Date(at).toLocaleString()),
      ),
      reason !== undefined && h('p', {}, `${explain(reason).means} ${explain(reason).help}`),
      message !== undefined && h('p', { class: 'message' }, message),
      h(
        'div',
        { class: 'actions' },
        retry &&
          h(
            'button',
            { type: 'button', 'data-key': `retry ${id}`, onclick: () => void this.#retry(job) },
            'Retry',
          ),
        h(
          'button',
          { type: 'button', 'data-key': `diff ${id}`, onclick: () => void this.#difference(job) },
          'Differences',
        ),
      ),
    );
  }

  async #retry({ id, replica }: Job): Promise<void> {
    const query = new URLSearchParams({ jobid: id, replica });
    const { api, tell } = this.#options;
    const { object } = await api
      .ask<{ object?: string }>(`/retry?${query}`, undefined, 'POST')
      .catch((error: Error) => {
        tell(error.message);
        return { object: undefined };
      });
    if (object !== undefined) tell(`${object} will be tried again.`);
  }

  async #difference({ task, kind, namespace = '', name }: Job): Promise<void> {
    const { api, tell } = this.#options;
    await showDifference(api, task, { kind, namespace, name }).catch((error: Error) => tell(error.message));
  }
}
