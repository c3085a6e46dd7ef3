/** Elements made by hand: the page has no room for a library, and evidence is text, never markup. */

export type Child = Node | string | undefined;

/** An element with attributes and children. Text is only ever set as text. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  for (const child of children) if (child !== undefined) element.append(child);
  return element;
}

/** The element of the page with an id. Throws when the page is not the one that this script belongs to. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** A list of terms and what they are. */
export function facts(entries: readonly (readonly [term: string, value: string])[]): HTMLDListElement {
  return el('dl', {}, ...entries.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value))));
}

/** A button that puts text on the clipboard, or where the browser does not allow that, shows it to be copied by hand. */
export function copyButton(label: string, text: () => string): HTMLElement {
  const button = el('button', { type: 'button' }, label);
  const shown = el('textarea', { readonly: '', hidden: '', rows: '8', 'aria-label': label });
  button.addEventListener('click', () => {
    shown.value = text();
    shown.hidden = false;
    shown.select();
    const copied = navigator.clipboard?.writeText(shown.value);
    void copied?.then(
      () => (button.textContent = 'Copied'),
      () => (button.textContent = 'Select and copy'),
    );
  });
  return el('div', { class: 'copy' }, button, shown);
}
