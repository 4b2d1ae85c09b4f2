/** Label selectors as kubectl takes them (`app=web,tier!=db,env in (a,b),!legacy`), matched on this side. */
import { UsageError } from '../../../src/errors.ts';
import { own } from '../../../src/json.ts';

export type Labels = Readonly<Record<string, string>>;

/** One term of a selector. Terms are joined by "and". */
export type Requirement =
  | { readonly key: string; readonly operator: 'exists' | 'absent' }
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] };

const key = '(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?';
const value = '[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?|';
const equality = new RegExp(`^(${key})\\s*(=|==|!=)\\s*(${value})$`);
const membership = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const existence = new RegExp(`^(!?)\\s*(${key})$`);
const valueOnly = new RegExp(`^(?:${value})$`);

/** Parses a selector; the empty text selects everything. Throws UsageError. */
export function parseSelector(text: string): readonly Requirement[] {
  return split(text).map((term) => parseTerm(text, term));
}

/** Whether labels fulfil a selector. A missing label fulfils `!=` and `notin`, as in the API. */
export function matches(selector: readonly Requirement[], labels: Labels = {}): boolean {
  return selector.every((term) => {
    const label = own(labels, term.key);
    if (!('values' in term)) return (term.operator === 'exists') === (label !== undefined);
    const among = label !== undefined && term.values.includes(label);
    return term.operator === 'in' ? among : !among;
  });
}

/** Splits at the commas that are not within brackets. */
function split(text: string): string[] {
  if (text.trim() === '') return [];
  return text.split(/,(?![^(]*\))/).map((term) => term.trim());
}

function parseTerm(text: string, term: string): Requirement {
  const equal = equality.exec(term);
  if (equal) {
    const [, name = '', sign, wanted = ''] = equal;
    return { key: name, operator: sign === '!=' ? 'notin' : 'in', values: [wanted] };
  }
  const member = membership.exec(term);
  if (member) {
    const [, name = '', operator, list = ''] = member;
    const values = list.split(',').map((entry) => entry.trim());
    if (values.every((entry) => valueOnly.test(entry)))
      return { key: name, operator: operator as 'in' | 'notin', values };
  }
  const exist = existence.exec(term);
  if (exist) return { key: exist[2] ?? '', operator: exist[1] === '!' ? 'absent' : 'exists' };
  throw new UsageError(
    `${JSON.stringify(text)} is not a label selector: can't read ${JSON.stringify(term)}.`,
    {
      hint: 'Write it as kubectl takes it, e.g. app=web,tier!=db or "env in (prod,stage)".',
    },
  );
}
