/** What the page writes to its console at the levels that were named, as logs; an error that it writes as one, as an exception. */
import { Op } from '../abi.js';
import { safe } from '../observe/describe.js';
import { patch } from '../page.js';
import type { Sdk } from '../sdk.js';
import type { Level } from '../types.js';
import { capped } from './cap.js';
import { Attr } from './names.js';
import { option } from './option.js';
import { print } from './print.js';

/** Different lines that are told of one page; repeats and the rest are counted. */
const MOST = 200;

/** By the console's names. */
const LEVELS: Record<string, Level> = { trace: 'trace', debug: 'debug', info: 'info', log: 'info', warn: 'warn', error: 'error' };

type Sub = (args: ArrayLike<unknown>) => void;

const wrap = (native: Function, subs: Sub[]) => function (this: unknown) {
  for (const sub of subs) sub(arguments);
  return native.apply(this, arguments);
};

export function observeConsole(sdk: Sdk): void {
  const wanted = option(sdk, 'console', 'list');
  if (!wanted) return;
  let busy = false;
  let written: unknown;
  const see = capped<[method: string, text: string]>(sdk, MOST, (thing, count) => {
    const [method, text] = thing || ['log', '(more lines)'];
    sdk.put_(Op.Log, (w) => sdk.place_(w.s(LEVELS[method]).s(text).a({ [Attr.ConsoleMethod]: method, [Attr.Count]: count > 1 ? count : undefined })));
  });
  for (const method of wanted) {
    if (!LEVELS[method]) continue;
    const sub = sdk.guard_((args: ArrayLike<unknown>) => {
      // What we call may write to the console in its turn: a getter, a proxy, the page's own hooks.
      if (busy || !sdk.live_()) return;
      busy = true;
      try {
        const error = method == 'error' && Array.prototype.find.call(args, (one) => safe(() => one instanceof Error));
        if (!error) {
          const text = print(args);
          see(method + text, [method, text]);
        } else if (error !== written) {
          written = error;
          const others = Array.prototype.filter.call(args, (one) => one !== error);
          sdk.capture_(error, 'console', 0, undefined, others.length ? { [Attr.ConsoleText]: print(others) } : undefined);
        }
      } finally {
        busy = false;
      }
    });
    sdk.stops_.push(patch('console.' + method, console, method, sub as Sub, wrap));
  }
}
