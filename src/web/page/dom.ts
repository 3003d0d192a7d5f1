/** Attributes and listeners of a new element; `text` is its content. */
interface Parts {
  readonly text?: string;
  readonly class?: string;
  readonly id?: string;
  readonly [attribute: string]: string | number | boolean | undefined;
}

/** Makes an element. Text is never read as HTML. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { text, ...attributes }: Parts = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** The element of index.html with this id. */
export function byId(id: string): HTMLElement {
  return document.getElementById(id)!;
}

/** Sets the text of an element if it differs, so that screen readers do not repeat what has not changed. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A setting that the browser keeps; private windows may refuse to. */
export function kept(name: string): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // It holds until the page is closed.
  }
}
