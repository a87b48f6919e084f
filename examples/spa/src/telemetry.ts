// All that the shop needs in order to be seen. The rest of the app imports `farol` where it has something to say.
import { init } from '@farol/web';
import { find } from './routes';

const meta = (name: string, otherwise: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content || otherwise;

/** The second origin: one API there is a friend's, the other a stranger's. */
export const other = meta('shop-other', 'http://127.0.0.1:8081');

export const collector = meta('farol-url', 'http://127.0.0.1:12347');

const key = meta('farol-key', '');

export const farol = init({
  url: collector,
  ...(key === '' ? {} : { key }),
  app: { name: 'keepers-store', version: '1.0.0', environment: 'demo' },
  view: find(location.pathname).name,
  // The same origin is always part of the trace; of the others only this one.
  propagateTo: [`${other}/delivery`],
});
