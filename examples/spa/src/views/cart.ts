// What is to be bought, priced by the backend at each change.
import { type Product, priceOf, products } from '../api';
import { art } from '../art';
import { cart } from '../cart';
import { byId, fill, html, price } from '../dom';
import type { View } from '../router';

const row = (item: Product, quantity: number) => html`
  <li class="line" data-testid="line-${item.id}">
    <div class="line-art">${art(item.id)}</div>
    <div class="line-text"><a href="/product/${item.id}">${item.name}</a><span class="quiet">${price(item.price)} each</span></div>
    <div class="stepper">
      <button class="small ghost-dark" data-set="${item.id}" data-to="${quantity - 1}" data-testid="less-${item.id}" aria-label="One less of ${item.name}">−</button>
      <span data-testid="quantity-${item.id}">${quantity}</span>
      <button class="small ghost-dark" data-set="${item.id}" data-to="${quantity + 1}" data-testid="more-${item.id}" aria-label="One more of ${item.name}">+</button>
    </div>
    <span class="price">${price(item.price * quantity)}</span>
  </li>`;

export const cartView: View = {
  name: 'cart',
  title: 'Your cart',
  async draw({ root, left }) {
    fill(
      root,
      html`<section class="page">
        <h1>Your cart</h1>
        <div class="split">
          <ul class="lines" data-testid="lines"></ul>
          <aside class="sum" data-testid="sum"></aside>
        </div>
      </section>`,
    );
    const { products: goods } = await products();
    const known = new Map(goods.map((item) => [item.id, item]));
    let asked = 0;

    const show = async (): Promise<void> => {
      // What left the shelf since leaves the cart too: the backend would refuse the whole order.
      const lines = cart.lines().filter((line) => (known.get(line.id)?.stock ?? 0) > 0);
      fill(byId(root, 'lines'), html`${lines.map((line) => row(known.get(line.id) as Product, line.quantity))}`);
      const sum = byId(root, 'sum');
      if (lines.length === 0) {
        fill(sum, html`<p data-testid="cart-empty">Nothing in it yet.</p><a class="button wide" href="/">See the shelf</a>`);
        return;
      }
      asked += 1;
      const mine = asked;
      const { subtotal, shipping, total } = await priceOf(lines);
      // A slower, older answer must not overwrite a newer one.
      if (left.aborted || mine !== asked) return;
      fill(
        sum,
        html`<dl>
            <div><dt>Goods</dt><dd>${price(subtotal)}</dd></div>
            <div><dt>Thursday boat</dt><dd>${shipping === 0 ? 'free' : price(shipping)}</dd></div>
            <div class="total"><dt>Total</dt><dd data-testid="total">${price(total)}</dd></div>
          </dl>
          <a class="button wide" href="/checkout" data-testid="to-checkout">Check out</a>
          <p class="quiet">The boat is free from €150.</p>`,
      );
    };

    if (left.aborted) return;
    byId(root, 'lines').addEventListener('click', (event) => {
      const { set, to } = event.target instanceof HTMLElement ? event.target.dataset : {};
      if (!set) return;
      cart.set(set, Number(to));
      void show();
    });
    await show();
  },
};
