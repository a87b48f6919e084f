// The goods, and what a cart of them costs.
import { Problem } from './problem.js';
import { cached, pool } from './stores.js';

const COLUMNS = 'id, name, line, story, price, stock';
/** Longer carts are refused, so that a request stays small work. */
const MAX_LINES = 20;
const MAX_QUANTITY = 99;
const SHIPPING = 690;
const FREE_SHIPPING_FROM = 15_000;

export const shelf = () => cached('shelf', async () => (await pool.query(`SELECT ${COLUMNS} FROM products ORDER BY place`)).rows);
export const product = (id) => cached(`product:${id}`, async () => (await pool.query(`SELECT ${COLUMNS} FROM products WHERE id = $1`, [id])).rows[0]);

export async function price(text) {
  const lines = parse(text);
  if (lines.length < 1 || lines.length > MAX_LINES) throw new Problem(422, 'bad_cart', 'a cart holds 1 to 20 lines');
  const { rows } = await pool.query('SELECT id, price, stock FROM products WHERE id = ANY($1)', [lines.map(({ id }) => id)]);
  let subtotal = 0;
  for (const { id, quantity } of lines) {
    const found = rows.find((row) => row.id === id);
    if (!found) throw new Problem(422, 'no_such_product', 'nothing on the shelf has that name');
    if (quantity === 0 || quantity > MAX_QUANTITY) throw new Problem(422, 'bad_quantity', 'a line holds 1 to 99 of a thing');
    if (found.stock === 0) throw new Problem(409, 'sold_out', 'that one is sold out; take it off the cart');
    subtotal += found.price * quantity;
  }
  const shipping = subtotal >= FREE_SHIPPING_FROM ? 0 : SHIPPING;
  return { lines, price: { subtotal, shipping, total: subtotal + shipping } };
}

function parse(text) {
  try {
    const { lines } = JSON.parse(text);
    if (Array.isArray(lines) && lines.every(({ id, quantity }) => typeof id === 'string' && Number.isInteger(quantity) && quantity >= 0)) return lines;
  } catch {
    // Said below.
  }
  throw new Problem(400, 'bad_cart', 'want {"lines":[{"id","quantity"}]}');
}
