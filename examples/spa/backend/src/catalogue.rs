//! The goods. Prices are in cents.

use serde::Serialize;

/// One thing for sale.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) line: &'static str,
    pub(crate) story: &'static str,
    pub(crate) price: u32,
    pub(crate) stock: u32,
}

/// Everything, in the order of the shelf.
pub(crate) const PRODUCTS: [Product; 8] = [
    Product {
        id: "lantern",
        name: "Brass storm lantern",
        line: "Burns through a force nine.",
        story: "Spun brass, a borosilicate chimney and a wick that trims itself. Hang it where somebody is waited for.",
        price: 12_900,
        stock: 14,
    },
    Product {
        id: "lens",
        name: "Fresnel paperweight",
        line: "A sixth-order lens for your desk.",
        story: "Eleven concentric prisms cast in one piece of glass. It bends a desk lamp as the big one bends the sea's.",
        price: 6_400,
        stock: 32,
    },
    Product {
        id: "oilskin",
        name: "Keeper's oilskin",
        line: "Rain stays a rumour.",
        story: "Waxed cotton, a throat latch and pockets deep enough for a flask and both hands.",
        price: 18_500,
        stock: 9,
    },
    Product {
        id: "bell",
        name: "Fog bell",
        line: "Heard before it is seen.",
        story: "Bell metal from a yard in Peniche. One strike every ten seconds, for as long as you can't see the rocks.",
        price: 23_000,
        stock: 4,
    },
    Product {
        id: "logbook",
        name: "Watch logbook",
        line: "Two hundred nights, ruled.",
        story: "Sewn, so that it lies flat, with columns for wind, light and visitors. Takes ink in damp rooms.",
        price: 2_800,
        stock: 120,
    },
    Product {
        id: "mug",
        name: "Enamel mug",
        line: "For the four o'clock watch.",
        story: "Half a litre, chipped only by you. Keeps a hot drink hot for exactly one page of the logbook.",
        price: 1_900,
        stock: 64,
    },
    Product {
        id: "barometer",
        name: "Aneroid barometer",
        line: "Knows before you do.",
        story: "A brass case, a silvered dial and a needle that leans towards trouble a day ahead.",
        price: 15_700,
        stock: 0,
    },
    Product {
        id: "blanket",
        name: "Watch-room blanket",
        line: "Wool, and a lot of it.",
        story: "Woven in the Serra da Estrela, striped like a day mark, and heavy enough to stay where it is.",
        price: 9_800,
        stock: 21,
    },
];

/// The product of this id.
pub(crate) fn find(id: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.id == id)
}
