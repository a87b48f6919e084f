// The order: one trace from the click, over the browser's fetch, to the backend's spans.
import { type Line, Refused, order } from '../api';
import { art } from '../art';
import { cart } from '../cart';
import { byId, fill, html, price } from '../dom';
import type { View } from '../router';
import { farol } from '../telemetry';

/** The cart, or a mug where it is empty, so that this page always has an order to place. */
const load = (): Line[] => (cart.count() > 0 ? cart.lines() : [{ id: 'mug', quantity: 1 }]);

export const checkout: View = {
  name: 'checkout',
  title: 'Check out',
  draw({ root, left }) {
    fill(
      root,
      html`<section class="page beside"><div>
        <h1>Check out</h1>
        <p class="lede">Nothing is charged and nothing is kept: what you type here stays in these fields.</p>
        <form data-testid="checkout-form">
          <label>Name <input name="name" autocomplete="off" placeholder="Who keeps the light" data-testid="checkout-name"></label>
          <label>Deliver to
            <select name="island" data-testid="checkout-island">
              <option>Berlenga Grande</option><option>Farilhão</option><option>Ilhéu de Cima</option><option>Bugio</option>
            </select>
          </label>
          <button class="wide" data-testid="place-order" data-farol-name="place order">Place the order</button>
          <p class="note" role="status" data-testid="checkout-result">${cart.count() === 0 && 'The cart is empty, so one enamel mug will be ordered.'}</p>
        </form>
        </div>
        <aside class="load">
          <h2>For the boat</h2>
          <ul>${load().map((line) => html`<li>${art(line.id)}<b>${line.quantity}</b></li>`)}</ul>
        </aside>
      </section>`,
    );
    const button = byId<HTMLButtonElement>(root, 'place-order');
    const result = byId(root, 'checkout-result');

    byId(root, 'checkout-form').addEventListener('submit', async (event) => {
      event.preventDefault();
      button.disabled = true;
      result.textContent = 'Rowing it over…';
      const lines = load();
      try {
        const placed = await farol.withSpan('checkout', async (span) => {
          span.setAttributes({ 'cart.lines': lines.length });
          // Called before the first await, so the fetch span finds this one as its parent by itself.
          const placed = await order(lines);
          span.setAttributes({ 'order.total': placed.total });
          return placed;
        });
        farol.event('order_placed', { number: placed.number, total: placed.total });
        farol.measure('order', { total: placed.total / 100, lines: lines.length });
        cart.clear();
        if (left.aborted) return;
        fill(
          result,
          html`<strong data-testid="order-number">${placed.number}</strong> is on the Thursday boat, for ${price(placed.total)}.
            <span class="trace">trace <code data-testid="order-trace">${placed.traceId}</code></span>`,
        );
      } catch (error) {
        if (error instanceof Refused) farol.log(`order refused: ${error.code}`, { level: 'warn' });
        else farol.captureError(error);
        result.textContent = error instanceof Error ? error.message : 'The order did not go through.';
      } finally {
        button.disabled = false;
      }
    });
  },
};
