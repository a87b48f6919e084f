"""The API that examples/spa/backend has, in reading order."""

import asyncio
import json
import os
from contextlib import asynccontextmanager
from itertools import count

from fastapi import FastAPI, Request
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

from . import catalogue, orders
from .problem import Problem
from .stores import Stores
from .telemetry import log, step, stop
from .trace import answer, remember

DEFAULT_DELAY = 1_500
# The longest that a request can be made to wait.
MAX_DELAY = 10_000


@asynccontextmanager
async def _life(app: FastAPI):
    app.state.stores = await Stores.open()
    print(f"farol-shop-python ready on {os.environ['SHOP_URL']}", flush=True)
    yield
    await app.state.stores.close()
    stop()


app = FastAPI(lifespan=_life, docs_url=None, redoc_url=None, openapi_url=None)
_attempts = count()


@app.middleware("http")
async def _traced(request: Request, call_next):
    remember(request)
    return await call_next(request)


@app.exception_handler(Problem)
async def _problem(request: Request, problem: Problem):
    if problem.status >= 500:
        trace.get_current_span().set_attribute("error.type", problem.code)
        log("error", problem.message, error__type=problem.code)
    return answer(request, {"error": problem.code, "message": problem.message}, problem.status, problem.headers)


@app.get("/health")
async def health():
    return {"orders": await app.state.stores.pool.fetchval("SELECT count(*) FROM orders")}


@app.get("/api/products")
async def products(request: Request):
    with step("read shelf"):
        goods = await catalogue.shelf(app.state.stores)
    return answer(request, {"products": goods})


@app.get("/api/products/{name}")
async def product(request: Request, name: str):
    return answer(request, await catalogue.product(app.state.stores, name))


@app.post("/api/cart")
async def cart(request: Request):
    _, price = await catalogue.price(app.state.stores, await request.body())
    return answer(request, price)


@app.post("/api/checkout")
async def checkout(request: Request):
    stores: Stores = app.state.stores
    body = await request.body()
    with step("price cart"):
        lines, price = await catalogue.price(stores, body)
    # The trace's own id ties the order to its trace.
    number = f"KS-{request.state.span.trace_id:032x}"[:11].upper()
    with step("reserve stock"):
        statement = "INSERT INTO orders (number, total, lines) VALUES ($1, $2, $3) ON CONFLICT (number) DO NOTHING"
        await stores.pool.execute(statement, number, price["total"], json.dumps(lines))
    with step("charge card"):
        await asyncio.sleep(0.06)
    await orders.publish(stores.redis, number)
    log("info", "order placed", order__number=number, order__total=price["total"])
    return answer(request, {"number": number, **price})


@app.api_route("/api/trace", methods=["GET", "POST"])
async def echo(request: Request):
    return answer(request, {})


@app.get("/api/slow")
async def slow(request: Request, ms: int = DEFAULT_DELAY):
    # The database waits, so that there is a slow query to be found.
    waited = max(0, min(ms, MAX_DELAY))
    with step("wait for the tide"):
        await app.state.stores.pool.execute("SELECT pg_sleep($1)", waited / 1000)
    return answer(request, {"waited": waited})


@app.api_route("/api/fail", methods=["GET", "POST"])
async def fail():
    raise Problem(500, "lamp_out", "the lamp went out")


@app.get("/api/flaky")
async def flaky(request: Request):
    attempt = next(_attempts)
    if attempt % 2 == 0:
        raise Problem(503, "fog", "try again in a moment", {"retry-after": "1"})
    return answer(request, {"attempt": attempt})


@app.api_route("/api/{rest:path}", methods=["GET", "POST"])
async def unknown():
    raise Problem(404, "not_found", "there is no such part of the API")


# Only the route's span is wanted: one for each message of ASGI would hide the work.
FastAPIInstrumentor.instrument_app(app, excluded_urls="health", exclude_spans=["receive", "send"])
