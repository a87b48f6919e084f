// One thing, close up.
import { Refused, product } from '../api';
import { art } from '../art';
import { cart } from '../cart';
import { byId, fill, html, price } from '../dom';
import { type View, go } from '../router';
import { farol } from '../telemetry';

export const productView: View = {
  name: 'product',
  title: 'One thing, close up',
  async draw({ root, params, left }) {
    fill(root, html`<section class="page"><p class="quiet" data-testid="loading">Fetching it from the shelf…</p></section>`);
    try {
      const item = await product(params.id ?? '');
      if (left.aborted) return;
      document.title = `${item.name} · The Keeper’s Store`;
      fill(
        root,
        html`<article class="page product">
          <div class="product-art">${art(item.id)}</div>
          <div class="product-text">
            <p class="crumb"><a href="/">Shelf</a> / ${item.name}</p>
            <h1 data-testid="product-name">${item.name}</h1>
            <p class="lede">${item.line}</p>
            <p>${item.story}</p>
            <p class="price big" data-testid="product-price">${price(item.price)}</p>
            <p class="actions">
              <button data-testid="buy" ${item.stock === 0 && html`disabled`}>${item.stock === 0 ? 'Sold out' : 'Add to cart'}</button>
              <a class="button ghost-dark" href="/" data-testid="back">Back to the shelf</a>
            </p>
            <p class="quiet">${item.stock === 0 ? 'The next ones come with the spring boat.' : `${item.stock} on the shelf. Delivered in about three days.`}</p>
          </div>
        </article>`,
      );
      farol.event('product_viewed', { product: item.id, price: item.price, in_stock: item.stock > 0 });
      byId(root, 'buy').addEventListener('click', () => {
        cart.add(item.id);
        farol.event('cart_added', { product: item.id, lines: cart.lines().length });
        go('/cart');
      });
    } catch (error) {
      if (left.aborted) return;
      const unknown = error instanceof Refused && error.status === 404;
      if (!unknown) farol.captureError(error, { attributes: { view: 'product' } });
      fill(
        root,
        html`<section class="page narrow">
          <h1 data-testid="product-missing">${unknown ? 'Nothing on the shelf has that name.' : 'The shelf is out of reach.'}</h1>
          <p class="actions"><a class="button" href="/">Back to the shelf</a></p>
        </section>`,
      );
    }
  },
};
