// What stays around the views: the header with its cart, and the footer that says what is watching.
import { cart } from './cart';
import { byId, fill, html } from './dom';
import type { View } from './router';
import { find, routes } from './routes';
import { collector, farol } from './telemetry';

const links: [path: string, label: string, id: string][] = [
  [routes.home, 'Shelf', 'nav-home'],
  [routes['rough-weather'], 'Rough weather', 'nav-rough'],
  [routes.about, 'The light', 'nav-about'],
];

const wordmark = html`<svg viewBox="0 0 34 40" aria-hidden="true"><path d="M12 11 0 6v10zM22 11l12-5v10z" fill="var(--lamp)"/><path d="M12 16h10l3 22H9z" fill="var(--paper)"/><path d="m11.300 21h11.400l.8 6h-13zM9.700 33h14.600L25 38H9z" fill="var(--red)"/><path d="M11 8h12v8H11z" fill="var(--lamp)"/><path d="m9 8 8-7 8 7z" fill="var(--red)"/></svg>`;

/** Draws the frame and gives back what marks the current view in it. */
export function drawFrame(): (view: View) => void {
  const top = document.querySelector<HTMLElement>('#top');
  const foot = document.querySelector<HTMLElement>('#foot');
  if (!top || !foot) return () => {};

  fill(
    top,
    html`<a class="brand" href="/" data-testid="brand">${wordmark}<span>The Keeper’s Store</span></a>
      <nav aria-label="Main">
        ${links.map(([path, label, id]) => html`<a href="${path}" data-testid="${id}">${label}</a>`)}
      </nav>
      <a class="cart-link" href="/cart" data-testid="nav-cart">Cart <b data-testid="cart-count"></b></a>`,
  );
  const count = byId(top, 'cart-count');
  const showCount = (): void => {
    count.textContent = String(cart.count());
  };
  cart.onChange(showCount);
  showCount();

  fill(
    foot,
    html`<p>A shop that sells nothing: the example app of <strong>Farol</strong>, real user monitoring that you host yourself.</p>
      <dl>
        <div><dt>Session</dt><dd data-testid="session-id"></dd></div>
        <div><dt>Collector</dt><dd data-testid="collector-url">${collector}</dd></div>
        <div><dt>Script-tag page</dt><dd><a href="/plain.html" data-reload data-testid="nav-plain">plain.html</a></dd></div>
      </dl>`,
  );
  const session = byId(foot, 'session-id');
  const showSession = (): void => {
    session.textContent = farol.sessionId() || 'none';
  };
  farol.onSessionChange(showSession);
  showSession();

  return (view) => {
    for (const link of top.querySelectorAll('nav a')) {
      if (find(link.getAttribute('href') ?? '').name === view.name) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  };
}
