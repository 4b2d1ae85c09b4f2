/** Something to read, or to decide, in front of everything else. Escape closes it. */
import { h } from './dom.ts';

export interface Decision {
  readonly label: string;
  readonly run: () => Promise<void>;
}

export function showDialog(title: string, content: readonly Node[], decision?: Decision): void {
  const problem = h('p', { class: 'problem', role: 'alert' });
  const close = h('button', { type: 'button', onclick: () => dialog.close() }, decision ? 'Cancel' : 'Close');
  const decide = decision && h('button', { type: 'button', class: 'danger' }, decision.label);
  decide?.addEventListener('click', () => {
    decide.disabled = true;
    decision?.run().then(
      () => dialog.close(),
      (error: Error) => {
        problem.textContent = error.message;
        decide.disabled = false;
      },
    );
  });
  const heading = h('h2', { id: 'dialog-title' }, title);
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title', onclose: () => dialog.remove() },
    heading,
    h('div', { class: 'content' }, ...content),
    problem,
    h('div', { class: 'actions' }, close, decide),
  );
  document.body.append(dialog);
  dialog.showModal();
}
