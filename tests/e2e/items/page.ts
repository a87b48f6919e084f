/**
 * What the page under test does: one of everything that the SDK takes by default. `table.ts` says what has to come of it. The script is
 * classic (bundled), runs after farol.js, and finds its settings in `window.settings`, which the page writes.
 */
import type { Client } from '@farol/web';

declare const Farol: typeof import('@farol/web');

interface Settings {
  url: string;
  other: string;
  clients: number;
  options: object;
}

declare global {
  interface Window {
    settings: Settings;
    clients: Client[];
    play(): Promise<string>;
    slow(): void;
  }
}

const { settings } = window;

window.clients = Array.from({ length: settings.clients }, (_, i) =>
  Farol.init({
    url: settings.url,
    app: { name: `items-${i}`, version: '1.2.3', environment: 'test' },
    propagateTo: [new RegExp(`^${settings.other}/listed`)],
    ...settings.options,
  }),
);

const later = (work: () => void): Promise<void> =>
  new Promise((done) =>
    setTimeout(() => {
      // The next task is queued first: `work` may throw.
      setTimeout(done);
      work();
    }),
  );

const settled = async (promise: Promise<unknown>): Promise<void> => void (await promise.catch(() => {}));

function xhr(url: string): Promise<void> {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open('GET', url);
    request.onloadend = () => done();
    request.send();
  });
}

function lost(url: string): Promise<void> {
  return new Promise((done) => {
    const image = document.body.appendChild(new Image());
    image.onerror = () => done();
    image.src = url;
  });
}

/** A handler that keeps the next paint waiting, so that its interaction is long enough to be seen. */
window.slow = () => {
  const until = performance.now() + 120;
  while (performance.now() < until);
};

window.play = async () => {
  for (const client of window.clients) {
    client.event('cart.add', { sku: 'lamp', count: 2, gift: true });
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) client.log(`a log at ${level}`, { level });
    client.measure('checkout.steps', { steps: 3, total: 19.9 }, { attributes: { shop: 'north' } });
    client.captureError(new Error('handled one', { cause: new TypeError('its cause') } as ErrorOptions), { attributes: { where: 'cart' } });
    client.withSpan('reindex', () => {});
    await client.withSpan('checkout', () => fetch('/api/in-span'));
  }

  await later(() => { throw new RangeError('uncaught one'); });
  await later(() => { throw 'a thrown string'; });
  await later(() => { throw new AggregateError([new Error('first child'), new Error('second child')], 'many at once'); });
  await later(() => void Promise.reject(new Error('rejected one')));
  const loop = (): void => { throw new Error('in a loop'); };
  for (let i = 0; i < 5; i++) await later(loop);

  await (await fetch('/api/ok?color=red&sig=secret', { method: 'POST', body: 'x', headers: { 'x-own': '1' } })).json();
  await fetch('/api/fail');
  await settled(fetch(new Request('/api/slow'), { signal: AbortSignal.abort() }));
  await settled(fetch('http://127.0.0.1:9/nobody'));
  await settled(fetch(`${settings.other}/unlisted`));
  await settled(fetch(`${settings.other}/listed`));
  await xhr('/api/xhr');
  for (let i = 0; i < 3; i++) await lost('/lost.png?token=secret');

  for (const client of window.clients) client.setUser({ id: 'u-1', roles: 'keeper' });
  history.pushState({}, '', '/second');
  for (const client of window.clients) {
    client.setView('second');
    client.event('on.second');
  }
  return 'played';
};
