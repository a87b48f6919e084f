/**
 * The script-tag file: the global `Farol`. It starts by itself where its tag has a `data-url`; calls that the page queued
 * before (`Farol = window.Farol || { q: [] }; Farol.q.push(['event', 'name'])`) are made then.
 */
import { start } from './init.js';
import { fromTag, script } from './early.js';
import { safe } from './observe/describe.js';
import type { Client, Options } from './types.js';

type Call = [method: keyof Client, ...args: unknown[]];

/** The second file's name, which holds its hash: the build writes it in here. */
declare const __FAROL_MORE__: string;

const root = window as unknown as { Farol?: { q?: Call[]; init?: unknown } & Record<string, unknown> };

// A second load of the file leaves the first alone.
if (!root.Farol?.init) {
  const early = root.Farol?.q || [];
  const tag = script();
  const Farol: Record<string, unknown> = (root.Farol = {
    q: early,
    init(options: Options) {
      const beside = (name: string) => new URL(name, new URL(options.base || tag!.src, document.baseURI)).href;
      const core = () => import(options.base ? beside('farol-nowasm.js') : tag!.src.replace(/farol(?=[^/]*$)/, 'farol-nowasm'));
      const client = start(safe(() => ({ core, ...options }))!, (done) => {
        // A script's nonce, and what `strict-dynamic` and Trusted Types allow it, hold for what it imports.
        import(beside(__FAROL_MORE__)).then(({ features }) => done(features), () => done());
      });
      // The page's first client is the one that queued calls, and `Farol.event(…)`, mean.
      if (!('event' in Farol)) {
        Object.assign(Farol, client);
        const call = (entry?: Call) => {
          // The page may have pushed anything.
          const [method, ...args] = Array.from(entry || []) as Call;
          (client[method] as Function)?.apply(client, args);
        };
        Farol.q = { push: (...calls: Call[]) => calls.forEach(call) };
        early.forEach(call);
      }
      return client;
    },
  });
  const options = tag && fromTag(tag.dataset);
  if (options) (Farol.init as (options: Options) => Client)(options);
}
