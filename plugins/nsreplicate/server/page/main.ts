/** The page: signs in, then shows every task as it changes. */
import { Api, type TaskDocument } from './api.ts';
import { browserClock } from './clock.ts';
import { h, replace } from './dom.ts';
import { follow } from './follow.ts';
import { Jobs } from './jobs.ts';
import { signInForm } from './sign-in.ts';
import { TaskCard } from './task-card.ts';
import { type Overall, problemOf, unheardText, withoutTasks } from './words.ts';

const TELL_MS = 8000;
const TICK_MS = 5000;
/** Jobs are asked for no more often than that. */
const LOAD_MS = 500;

const main = document.querySelector('main') as HTMLElement;
const status = h('p', { class: 'told', role: 'status' });
document.body.append(status);

let telling: ReturnType<typeof setTimeout> | undefined;
function tell(text: string): void {
  status.textContent = text;
  clearTimeout(telling);
  telling = setTimeout(() => {
    status.textContent = '';
  }, TELL_MS);
}

let ended = new AbortController();
const api = new Api(() => {
  ended.abort();
  showSignIn();
});

function showSignIn(): void {
  replace(main, signInForm(api, showTasks));
  main.querySelector('input')?.focus();
}

function showTasks(): void {
  ended = new AbortController();
  const { signal } = ended;
  const { username = '', role = 'viewer', namespaces } = api.account ?? {};
  const mayAsk = role !== 'viewer';
  const cards = new Map<string, TaskCard>();
  const jobs = new Jobs({ api, tell, mayAsk });
  // What concerns a whole task is for roles that hold everywhere.
  const options = { api, tell, mayAsk: mayAsk && namespaces === undefined };
  const tasks = h('div', {}, h('p', { class: 'about' }, 'Waiting for the service …'));
  const problem = h('p', { class: 'problem', role: 'alert' });
  const silence = h('p', { class: 'problem', role: 'alert' });
  replace(
    main,
    h(
      'header',
      { class: 'top' },
      h('h1', {}, 'Replication of namespaces'),
      h('span', {}, `${username}, ${role}`),
      h('button', { type: 'button', onclick: () => api.signOut() }, 'Sign out'),
    ),
    silence,
    problem,
    tasks,
    jobs.element,
  );
  const arrange = () => {
    const sorted = [...cards].sort(([a], [b]) => a.localeCompare(b)).map(([, { element }]) => element);
    replace(tasks, ...sorted);
  };
  const tellOverall = (overall: Overall) => {
    const why = problemOf(overall);
    if (problem.textContent !== why) problem.textContent = why;
    if (cards.size === 0) replace(tasks, h('p', { class: 'about' }, withoutTasks(overall)));
  };
  let loading: ReturnType<typeof setTimeout> | undefined;
  const loadJobs = () => {
    if (loading !== undefined) return;
    loading = setTimeout(() => {
      loading = undefined;
      if (!signal.aborted) void jobs.load();
    }, LOAD_MS);
  };
  const heard = (event: string, data: unknown) => {
    if (event === 'overall') {
      tellOverall(data as Overall);
      return;
    }
    const task = data as TaskDocument;
    if (event === 'jobs') {
      loadJobs();
      return;
    }
    const card = cards.get(task.name);
    if (event === 'gone') cards.delete(task.name);
    else if (card) card.show(task);
    else cards.set(task.name, new TaskCard(task, options));
    if (event === 'gone' || !card) arrange();
  };
  // Of what is not heard nothing is drawn.
  let isHeard = false;
  const listening = {
    listen: (came: () => void, until: AbortSignal) => api.listen(heard, came, until),
    heard: () => {
      isHeard = true;
      silence.textContent = '';
    },
    unheard: (since: Date | undefined) => {
      isHeard = false;
      silence.textContent = unheardText(since);
    },
    clock: browserClock,
  };
  void follow(listening, signal);
  void jobs.first();
  const ticking = setInterval(() => {
    if (isHeard) for (const card of cards.values()) card.tick();
  }, TICK_MS);
  signal.addEventListener('abort', () => clearInterval(ticking));
}

if (api.account) showTasks();
else showSignIn();
