"""The goods, and what a cart of them costs."""

import json

from .problem import Problem
from .stores import Stores

COLUMNS = "id, name, line, story, price, stock"
# Longer carts are refused, so that a request stays small work.
MAX_LINES = 20
MAX_QUANTITY = 99
SHIPPING = 690
FREE_SHIPPING_FROM = 15_000


async def shelf(stores: Stores) -> list[dict]:
    async def read():
        return [dict(row) for row in await stores.pool.fetch(f"SELECT {COLUMNS} FROM products ORDER BY place")]

    return await stores.cached("shelf", read)


async def product(stores: Stores, name: str) -> dict:
    async def read():
        row = await stores.pool.fetchrow(f"SELECT {COLUMNS} FROM products WHERE id = $1", name)
        return dict(row) if row else None

    found = await stores.cached(f"product:{name}", read)
    if found is None:
        raise Problem(404, "no_such_product", "nothing on the shelf has that name")
    return found


async def price(stores: Stores, body: bytes) -> tuple[list[dict], dict]:
    lines = _parse(body)
    if not 1 <= len(lines) <= MAX_LINES:
        raise Problem(422, "bad_cart", "a cart holds 1 to 20 lines")
    rows = await stores.pool.fetch("SELECT id, price, stock FROM products WHERE id = ANY($1)", [line["id"] for line in lines])
    goods = {row["id"]: row for row in rows}
    subtotal = 0
    for line in lines:
        found = goods.get(line["id"])
        if found is None:
            raise Problem(422, "no_such_product", "nothing on the shelf has that name")
        if not 1 <= line["quantity"] <= MAX_QUANTITY:
            raise Problem(422, "bad_quantity", "a line holds 1 to 99 of a thing")
        if found["stock"] == 0:
            raise Problem(409, "sold_out", "that one is sold out; take it off the cart")
        subtotal += found["price"] * line["quantity"]
    shipping = 0 if subtotal >= FREE_SHIPPING_FROM else SHIPPING
    return lines, {"subtotal": subtotal, "shipping": shipping, "total": subtotal + shipping}


def _parse(body: bytes) -> list[dict]:
    try:
        lines = [{"id": line["id"], "quantity": line["quantity"]} for line in json.loads(body)["lines"]]
        # A truth value is a number to Python.
        if all(isinstance(line["id"], str) and type(line["quantity"]) is int and line["quantity"] >= 0 for line in lines):
            return lines
    except (ValueError, KeyError, TypeError):
        pass
    raise Problem(400, "bad_cart", 'want {"lines":[{"id","quantity"}]}')
