/** Names a node of the page so that a person finds it again: up to the nearest id, at most 99 characters. */

export const LONGEST = 99;
const ELEMENT = 1;
const DOCUMENT = 9;

/** The same text that web-vitals gives for the same node; cut short where the page's own getters throw. */
export function selector(node: Node | null | undefined): string {
  let text = '';
  try {
    for (; node && node.nodeType != DOCUMENT; node = node.parentNode) {
      const { id, classList } = node as Element;
      const name = (): string =>
        node!.nodeType == ELEMENT ? node!.nodeName.toLowerCase() : node!.nodeName.toUpperCase().replace(/^#/, '');
      const part = id ? '#' + id : [name(), ...[...(classList || [])].sort()].join('.');
      if (text.length + part.length > LONGEST) return text || part.slice(0, LONGEST);
      text = text ? part + '>' + text : part;
      if (id) break;
    }
  } catch {}
  return text;
}

/** What called a script, or was the target of an event and is gone. Browsers name an element without an id by its `src`, as the markup has it: a picture that the visitor chose, or an address that nobody has scrubbed. */
export const caller = (invoker?: string): string | undefined => invoker?.replace(/\[src=[^]*?(\](\.\w+)?)?$/, '[src$1');
