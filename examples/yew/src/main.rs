//! A bakery in Yew: what its visitors do, what goes wrong and what its requests take arrives at the collector.

use farol_sdk::rust_app::{AppInfo, Attributes, ErrorInfo, Farol, Options, init, layer};
use tracing::level_filters::LevelFilter;
use tracing::{info, instrument};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, registry};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::js_sys::Error;
use web_sys::{HtmlElement, Response};
use yew::prelude::*;

const BREADS: [(&str, f64); 3] = [("Rye", 4.5), ("Spelt", 5.0), ("Baguette", 2.5)];

fn main() {
    // The console's; Farol's goes before it.
    console_error_panic_hook::set_once();
    let farol = init(
        Options::new(collector())
            .app(AppInfo::new().name("bakery").version("1.0.0"))
            .view("breads")
            // A chance to leave something out: here, what was counted for a test.
            .before_send(|item| {
                (item.fields.get("name") != Some(&"hidden".into())).then_some(item)
            }),
    );
    registry()
        .with(layer(farol).with_filter(LevelFilter::INFO))
        .init();
    // Yew sets a panic hook of its own, unless it is given one: here, those from above.
    yew::set_custom_panic_hook(std::panic::take_hook());
    yew::Renderer::<Shop>::with_props(ShopProps { farol }).render();
}

/// As the page says; a collector on this machine otherwise.
fn collector() -> String {
    root()
        .and_then(|page| page.dataset().get("collector"))
        .unwrap_or_else(|| "http://127.0.0.1:12347".to_owned())
}

fn root() -> Option<HtmlElement> {
    web_sys::window()?
        .document()?
        .document_element()?
        .dyn_into()
        .ok()
}

#[derive(Clone, Copy, PartialEq, Properties)]
struct ShopProps {
    farol: Farol,
}

#[component]
fn Shop(&ShopProps { farol }: &ShopProps) -> Html {
    let basket = use_state(Vec::new);
    let add = |name: &'static str, price: f64| {
        let basket = basket.clone();
        Callback::from(move |_| {
            farol.event(
                "added",
                Attributes::new().with("bread", name).with("price", price),
            );
            basket.set([&basket[..], &[price]].concat());
        })
    };
    let order = {
        let basket = basket.clone();
        Callback::from(move |_| {
            let total = total(&basket);
            spawn_local(farol.in_span("order", async move {
                if let Err(error) = send(total).await {
                    farol.capture_js_error(&error, &ErrorInfo::new().context([("total", total)]));
                }
            }));
        })
    };
    let lose = Callback::from(|_: MouseEvent| panic!("the oven is cold"));
    let hide = Callback::from(move |_: MouseEvent| farol.event("hidden", ()));
    html! {
        <main>
            <h1>{ "Bread" }</h1>
            { for BREADS.iter().map(|&(name, price)| html! {
                <button id={ name.to_lowercase() } onclick={ add(name, price) }>{ format!("{name}, {price} €") }</button>
            }) }
            <p id="count">{ basket.len() }</p>
            <button id="order" onclick={ order }>{ "Order" }</button>
            <button id="lose" onclick={ lose }>{ "Break the oven" }</button>
            <button id="hide" onclick={ hide }>{ "Leave no trace" }</button>
        </main>
    }
}

#[instrument]
fn total(basket: &[f64]) -> f64 {
    let total = basket.iter().sum();
    info!(total, "priced");
    total
}

/// Two requests, the second after an await: both belong to the span that runs while this future is polled.
async fn send(total: f64) -> Result<(), Error> {
    let window = web_sys::window().ok_or_else(|| Error::new("no window"))?;
    for path in ["/api/stock".to_owned(), format!("/api/order?total={total}")] {
        let answer: Response = JsFuture::from(window.fetch_with_str(&path))
            .await?
            .dyn_into()?;
        if !answer.ok() {
            return Err(Error::new(&format!("{path} said {}", answer.status())));
        }
    }
    Ok(())
}
