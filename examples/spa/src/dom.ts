// The little that is needed of a framework: escaped templates, and finding things.

/** Markup that is safe to insert as it is. */
export class Markup {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

type Part = string | number | Markup | Markup[] | false | undefined;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const safe = (part: Part): string => {
  if (part === false || part === undefined) return '';
  if (Array.isArray(part)) return part.join('');
  if (part instanceof Markup) return part.text;
  return String(part).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
};

/** A template whose parts are escaped unless they are markup already. */
export const html = (texts: TemplateStringsArray, ...parts: Part[]): Markup =>
  new Markup(texts.reduce((sum, text, index) => sum + safe(parts[index - 1]) + text));

/** Inserts markup and gives the place back. */
export const fill = <E extends Element>(place: E, markup: Markup): E => {
  place.innerHTML = markup.text;
  return place;
};

/** The element of this test id; a missing one is a mistake of ours. */
export const byId = <E extends HTMLElement = HTMLElement>(root: ParentNode, id: string): E => {
  const found = root.querySelector<E>(`[data-testid="${id}"]`);
  if (!found) throw new Error(`no element with test id ${id}`);
  return found;
};

const money = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' });

/** Cents as people read them. */
export const price = (cents: number): string => money.format(cents / 100);
