/** Elements, made of texts: nothing that comes from a cluster is ever read as markup. */

type Child = Node | string | undefined | false;
export type Attributes = Readonly<
  Record<string, string | number | boolean | undefined | ((event: Event) => void)>
>;

const SVG = 'http://www.w3.org/2000/svg';

/** `onclick` and the like are listeners; `true` is an attribute without a value; `false` and undefined are none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS(SVG, tag) as SVGElementTagNameMap[K], attributes, children);
}

function filled<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** Puts others in the place of what is there; who was on an element with a `data-key` stays on it. */
export function replace(parent: Element, ...children: readonly Child[]): void {
  const focused = document.activeElement;
  const key = focused && parent.contains(focused) ? focused.getAttribute('data-key') : null;
  parent.replaceChildren(...children.filter((child) => child !== undefined && child !== false));
  if (key === null) return;
  const again = [...parent.querySelectorAll<HTMLElement>('[data-key]')].find(
    (one) => one.dataset.key === key,
  );
  again?.focus();
}
