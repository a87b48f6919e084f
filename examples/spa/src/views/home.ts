// The landing page: a picture that comes late, a banner that pushes, and the shelf.
import { type Product, products } from '../api';
import { art } from '../art';
import { cart } from '../cart';
import { byId, fill, html, price } from '../dom';
import { shiftLater } from '../faults/shift';
import { windTheClockwork } from '../faults/slow';
import type { View } from '../router';

/** The server holds the picture back for this long: the LCP. */
const HERO_DELAY = 900;

const card = (product: Product) => html`
  <li class="card" data-testid="card-${product.id}">
    <a class="card-art" href="/product/${product.id}" tabindex="-1" aria-hidden="true">${art(product.id)}</a>
    <div class="card-text">
      <h3><a href="/product/${product.id}" data-testid="product-${product.id}">${product.name}</a></h3>
      <p>${product.line}</p>
      <div class="card-foot">
        <span class="price">${price(product.price)}</span>
        ${product.stock > 0
          ? html`<button class="small" data-add="${product.id}" data-testid="add-${product.id}">Add to cart</button>`
          : html`<span class="gone">Sold out</span>`}
      </div>
    </div>
  </li>`;

export const home: View = {
  name: 'home',
  title: 'Goods for those who keep the light on',
  async draw({ root, left }) {
    fill(
      root,
      html`<div data-testid="shift-slot"></div>
        <section class="hero">
          <img class="hero-art" data-testid="hero" alt="A lighthouse on a headland at dawn, its beam over the sea" src="/late/harbour.svg?ms=${HERO_DELAY}" width="1600" height="760">
          <div class="hero-text">
            <h1>Goods for those who keep the light on.</h1>
            <p>Lamps, wool and brass for long nights, and one honest cup. Shipped on the Thursday boat.</p>
            <p class="actions">
              <a class="button" href="#shelf" data-testid="to-shelf">See the shelf</a>
              <a class="button ghost" href="/rough-weather" data-testid="to-rough">Make some trouble</a>
            </p>
          </div>
          <p class="on-purpose">This picture is sent ${HERO_DELAY} ms late, on purpose</p>
        </section>
        <section class="shelf" id="shelf">
          <header>
            <h2>The shelf</h2>
            <p class="sort"><small>slow, on purpose</small> <button class="small ghost-dark" data-testid="sort-price">Sort by price</button></p>
          </header>
          <ul class="cards" data-testid="shelf"></ul>
        </section>`,
    );
    shiftLater(byId(root, 'shift-slot'), left);

    const { products: goods } = await products();
    if (left.aborted) return;
    const shelf = byId(root, 'shelf');
    const show = (): void => {
      fill(shelf, html`${goods.map(card)}`);
    };
    show();
    shelf.addEventListener('click', (event) => {
      const id = event.target instanceof HTMLElement ? event.target.dataset.add : undefined;
      if (id) cart.add(id);
    });
    byId(root, 'sort-price').addEventListener('click', () => {
      windTheClockwork(250);
      goods.sort((a, b) => a.price - b.price);
      show();
    });
  },
};
