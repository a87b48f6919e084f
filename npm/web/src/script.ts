/**
 * The script-tag file: the global `Farol`. It starts by itself where its tag has a `data-url`; calls that the page queued
 * before (`Farol = window.Farol || { q: [] }; Farol.q.push(['event', 'name'])`) are made then (`early.ts`).
 */
import { idle } from './idle.js';
import { start } from './init.js';
import { fromTag, script } from './early.js';
import { own, safe } from './observe/describe.js';
import type { Client, Options } from './types.js';

/** The second file's name, which holds its hash: the build writes it in here. */
declare const __FAROL_MORE__: string;

const root = window as unknown as { Farol: Record<string, unknown> };
// An element of that name is no member of the window's own.
const before = safe(() => Object.getOwnPropertyDescriptor(root, 'Farol')!.value as typeof root.Farol);

// A second load of the file leaves the first alone.
if (!before?.init) {
  const tag = script();
  const Farol: Record<string, unknown> = (root.Farol = {
    // Whoever comes before `init`, or where there is none, calls methods that do nothing,
    ...idle(),
    q: [],
    // or the snippet's, which go on keeping calls.
    ...before,
    init(options: Options) {
      const given = own(options);
      const beside = (name: string) => new URL(name, new URL(given.base || tag!.src, document.baseURI)).href;
      const core = () => import(given.base ? beside('farol-nowasm.js') : tag!.src.replace(/farol(?=[^/?]*(\?|$))/, 'farol-nowasm'));
      const client = start({ ...given, core: Object(given.core) === given.core ? given.core : core } as unknown as Options, (done, tries) => {
        // A script's nonce, and what `strict-dynamic` and Trusted Types allow it, hold for what it imports. By the standard an address that did not come is asked for once only; Chromium asks again.
        import(beside(__FAROL_MORE__ + (tries ? '?' + tries : ''))).then(({ features }) => done(features), () => done());
      });
      // `Farol.event(…)` means whom the queue goes to: the page's first client, and once that has ended the next.
      safe(() => ((Farol.q as { taken?: Client } | undefined)?.taken || client) == client && Object.assign(Farol, client));
      return client;
    },
  });
  const options = tag && fromTag(tag.dataset);
  // A tag has no functions.
  if (options) (Farol.init as (options: unknown) => Client)({ onDiagnostic: Farol.onDiagnostic, ...options });
}
