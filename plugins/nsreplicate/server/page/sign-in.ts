/** The form that everything begins with. */
import type { Api } from './api.ts';
import { h } from './dom.ts';

export function signInForm(api: Api, done: () => void): HTMLElement {
  const name = h('input', {
    id: 'username',
    autocomplete: 'username',
    required: true,
    maxlength: 63,
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  const password = h('input', {
    id: 'password',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
  });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const button = h('button', { type: 'submit' }, 'Sign in');
  const submit = async (event: Event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = '';
    try {
      await api.signIn(name.value, password.value);
      done();
    } catch (error) {
      problem.textContent = (error as Error).message;
      password.value = '';
      password.focus();
    } finally {
      button.disabled = false;
    }
  };
  const form = h(
    'form',
    { class: 'sign-in', onsubmit: (event) => void submit(event) },
    h('h1', {}, 'Replication of namespaces'),
    h('label', { for: 'username' }, 'Name'),
    name,
    h('label', { for: 'password' }, 'Password'),
    password,
    button,
    problem,
  );
  return form;
}
