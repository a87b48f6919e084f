/** Forms that are begun, in a page that is made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sdk } from '../src/sdk.js';

const root = globalThis as unknown as Record<string, any>;

class Element {
  isConnected = true;
  localName = 'input';
  constructor(readonly name: string, readonly form?: Element) {}
  getAttribute(attribute: string): string | null {
    return attribute === 'name' ? this.name : null;
  }
  closest(): Element | undefined {
    return this.form;
  }
}

test('of more forms than anybody fills in those go first that the page has taken away, and no field is kept', async () => {
  Object.assign(root, { window: globalThis, Element, location: { href: 'https://shop.example/' }, document: { visibilityState: 'visible' } });
  const { observeForms } = await import('../src/more/forms.js');
  const listeners: Record<string, (event: object) => void> = {};
  const told: string[] = [];
  const sdk = {
    options_: { capture: { forms: true } }, live_: () => true, hides_: new Set(), guard_: (fn: unknown) => fn,
    on_: (_: unknown, types: string, run: () => void) => types.split(' ').forEach((type) => (listeners[type] = run)),
    // What is told begins with its name; the form's own name and its number of fields are among the attributes.
    put_(_: number, write: (w: object) => void) {
      const w: Record<string, (value?: any) => object> = {
        s: () => w, n: () => w,
        a: (all) => (told.push(`${all['farol.form.name']} ${all['farol.form.fields']}`), w),
      };
      write(w);
    },
  } as unknown as Sdk;
  observeForms(sdk);
  const forms = Array.from({ length: 22 }, (_, n) => new Element(`form ${n}`));
  const type = (form: Element, fields = 1): void => {
    for (let n = 0; n < fields; n++) listeners['input']!({ target: new Element(`field ${n}`, form), timeStamp: 1, isTrusted: true });
  };
  forms.slice(0, 20).forEach((form) => type(form));
  forms[5]!.isConnected = false;
  type(forms[20]!, 3);
  type(forms[21]!);
  type(forms[1]!);
  for (const type of ['visibilitychange', 'pagehide']) sdk.hides_.forEach((call) => call({ type } as Event));
  const left = forms.filter((_, n) => n !== 0 && n !== 5);
  assert.deepEqual(told, left.map(({ name }) => `${name} ${name === 'form 20' ? 3 : name === 'form 1' ? 2 : 1}`));
});
