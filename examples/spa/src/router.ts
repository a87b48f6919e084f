// Views by path, through the History API. Each view tells Farol its name, so that what happens belongs to it.
import { farol } from './telemetry';

/** What a view gets: where to draw, the path's parts, and a signal that says when it is left. */
export interface Place {
  root: HTMLElement;
  params: Record<string, string>;
  left: AbortSignal;
}

export interface View {
  /** The path, with `:name` for parts that vary. */
  path: string;
  /** The name that telemetry groups by: never with an id in it. */
  name: string;
  title: string;
  draw(place: Place): void | Promise<void>;
}

let leave = new AbortController();

const match = (view: View, path: string): Record<string, string> | undefined => {
  const wanted = view.path.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return undefined;
  }
  return params;
};

/** Draws the view of the current address, now and whenever it changes. The last view takes what no other does. */
export function start(views: View[], root: HTMLElement, onShow: (view: View) => void): void {
  let shown = '';
  const show = (): void => {
    shown = location.pathname;
    leave.abort();
    leave = new AbortController();
    const path = location.pathname.replace(/(.)\/$/, '$1');
    const found = views.find((view) => match(view, path)) ?? views.at(-1);
    if (!found) return;
    farol.setView(found.name);
    document.title = `${found.title} · The Keeper’s Store`;
    onShow(found);
    void found.draw({ root, params: match(found, path) ?? {}, left: leave.signal });
  };

  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href]') : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || link.origin !== location.origin || link.target || 'reload' in link.dataset) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  addEventListener('popstate', () => {
    // A jump within the page is an entry of the history too, and no other view.
    if (location.pathname !== shown) show();
  });
  redraw = show;
  show();
}

let redraw: () => void = () => {};

/** Goes to another view. */
export function go(path: string): void {
  history.pushState(null, '', path);
  redraw();
  scrollTo(0, 0);
  document.querySelector<HTMLElement>('#view')?.focus({ preventScroll: true });
}
