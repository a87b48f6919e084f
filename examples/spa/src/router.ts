// Views by path, through the History API. Each view tells Farol its name, so that what happens belongs to it.
import { type ViewName, find } from './routes';
import { farol } from './telemetry';

/** What a view gets: where to draw, the path's parts, and a signal that says when it is left. */
export interface Place {
  root: HTMLElement;
  params: Record<string, string>;
  left: AbortSignal;
}

export interface View {
  name: ViewName;
  title: string;
  draw(place: Place): void | Promise<void>;
}

let leave = new AbortController();

/** Draws the view of the current address, now and whenever it changes. */
export function start(views: View[], root: HTMLElement, onShow: (view: View) => void): void {
  let shown = '';
  const show = (): void => {
    shown = location.pathname;
    leave.abort();
    leave = new AbortController();
    const { name, params } = find(location.pathname);
    const view = views.find((view) => view.name === name);
    if (!view) return;
    farol.setView(name);
    document.title = `${view.title} · The Keeper’s Store`;
    onShow(view);
    void view.draw({ root, params, left: leave.signal });
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
