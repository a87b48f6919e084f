//! The cart's price, and the order: the part that does work in several spans.

use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::catalogue::find;
use crate::trace::Trace;
use crate::trouble::Problem;

/// Longer carts are refused, so that a request stays small work.
const MAX_LINES: usize = 20;
/// Of one thing.
const MAX_QUANTITY: u32 = 99;
const SHIPPING: u32 = 690;
const FREE_SHIPPING_FROM: u32 = 15_000;

#[derive(Debug, Deserialize)]
struct Cart {
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Line {
    id: String,
    quantity: u32,
}

#[derive(Debug, Serialize)]
struct Price {
    subtotal: u32,
    shipping: u32,
    total: u32,
}

#[derive(Debug, Serialize)]
struct Order {
    number: String,
    #[serde(flatten)]
    price: Price,
}

// The bodies are read by hand: an extractor's own refusal would be text without ids.
pub(crate) async fn price(Extension(trace): Extension<Trace>, body: Bytes) -> Response {
    match priced(&body) {
        Ok(price) => trace.answer(price).into_response(),
        Err((status, problem)) => problem.answer(status, &trace),
    }
}

pub(crate) async fn order(Extension(trace): Extension<Trace>, body: Bytes) -> Response {
    let price = match trace.step("price cart", async { priced(&body) }).await {
        Ok(price) => price,
        Err((status, problem)) => return problem.answer(status, &trace),
    };
    // Stand-ins for a warehouse and a bank, so that the trace has something to show.
    trace
        .step(
            "reserve stock",
            tokio::time::sleep(Duration::from_millis(15)),
        )
        .await;
    trace
        .step("charge card", tokio::time::sleep(Duration::from_millis(60)))
        .await;
    // Any number does; the trace's own id ties the order to its trace.
    let number = format!("KS-{}", trace.short().to_uppercase());
    trace.answer(Order { number, price }).into_response()
}

fn priced(body: &[u8]) -> Result<Price, (StatusCode, Problem)> {
    let refuse = |code, message| {
        Err((
            StatusCode::UNPROCESSABLE_ENTITY,
            Problem::new(code, message),
        ))
    };
    let Ok(cart) = serde_json::from_slice::<Cart>(body) else {
        return Err((
            StatusCode::BAD_REQUEST,
            Problem::new("bad_cart", "want {\"lines\":[{\"id\",\"quantity\"}]}"),
        ));
    };
    if cart.lines.is_empty() || cart.lines.len() > MAX_LINES {
        return refuse("bad_cart", "a cart holds 1 to 20 lines");
    }
    let mut subtotal = 0;
    for line in &cart.lines {
        let Some(product) = find(&line.id) else {
            return refuse("no_such_product", "nothing on the shelf has that name");
        };
        if line.quantity == 0 || line.quantity > MAX_QUANTITY {
            return refuse("bad_quantity", "a line holds 1 to 99 of a thing");
        }
        if product.stock == 0 {
            return Err((
                StatusCode::CONFLICT,
                Problem::new("sold_out", "that one is sold out; take it off the cart"),
            ));
        }
        subtotal += product.price * line.quantity;
    }
    let shipping = if subtotal >= FREE_SHIPPING_FROM {
        0
    } else {
        SHIPPING
    };
    Ok(Price {
        subtotal,
        shipping,
        total: subtotal + shipping,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(body: &str) -> Result<u32, &'static str> {
        priced(body.as_bytes())
            .map(|price| price.total)
            .map_err(|(_, problem)| problem.code)
    }

    #[test]
    fn small_orders_pay_shipping_and_large_ones_do_not() {
        assert_eq!(
            total(r#"{"lines":[{"id":"mug","quantity":1}]}"#),
            Ok(1_900 + SHIPPING)
        );
        assert_eq!(
            total(r#"{"lines":[{"id":"bell","quantity":1}]}"#),
            Ok(23_000)
        );
    }

    #[test]
    fn a_cart_that_makes_no_sense_is_refused_by_name() {
        assert_eq!(total("{"), Err("bad_cart"));
        assert_eq!(total(r#"{"lines":[]}"#), Err("bad_cart"));
        assert_eq!(
            total(r#"{"lines":[{"id":"kraken","quantity":1}]}"#),
            Err("no_such_product")
        );
        assert_eq!(
            total(r#"{"lines":[{"id":"mug","quantity":0}]}"#),
            Err("bad_quantity")
        );
        assert_eq!(
            total(r#"{"lines":[{"id":"barometer","quantity":1}]}"#),
            Err("sold_out")
        );
    }
}
