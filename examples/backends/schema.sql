-- Tables of the shop, and its goods as examples/spa/backend has them (a test compares). Each backend runs this when it starts, so it may run often.
-- Backends that start at the same moment wait for each other here.
BEGIN;
SELECT pg_advisory_xact_lock(12347);

CREATE TABLE IF NOT EXISTS products (
  id text PRIMARY KEY,
  place integer NOT NULL,
  name text NOT NULL,
  line text NOT NULL,
  story text NOT NULL,
  price integer NOT NULL,
  stock integer NOT NULL
);

CREATE TABLE IF NOT EXISTS orders (
  number text PRIMARY KEY,
  total integer NOT NULL,
  lines jsonb NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT now(),
  packed_at timestamptz
);

INSERT INTO products VALUES
  ('lantern', 1, 'Brass storm lantern', 'Burns through a force nine.',
   'Spun brass, a borosilicate chimney and a wick that trims itself. Hang it where somebody is waited for.', 12900, 14),
  ('lens', 2, 'Fresnel paperweight', 'A sixth-order lens for your desk.',
   'Eleven concentric prisms cast in one piece of glass. It bends a desk lamp as the big one bends the sea''s.', 6400, 32),
  ('oilskin', 3, 'Keeper''s oilskin', 'Rain stays a rumour.',
   'Waxed cotton, a throat latch and pockets deep enough for a flask and both hands.', 18500, 9),
  ('bell', 4, 'Fog bell', 'Heard before it is seen.',
   'Bell metal from a yard in Peniche. One strike every ten seconds, for as long as you can''t see the rocks.', 23000, 4),
  ('logbook', 5, 'Watch logbook', 'Two hundred nights, ruled.',
   'Sewn, so that it lies flat, with columns for wind, light and visitors. Takes ink in damp rooms.', 2800, 120),
  ('mug', 6, 'Enamel mug', 'For the four o''clock watch.',
   'Half a litre, chipped only by you. Keeps a hot drink hot for exactly one page of the logbook.', 1900, 64),
  ('barometer', 7, 'Aneroid barometer', 'Knows before you do.',
   'A brass case, a silvered dial and a needle that leans towards trouble a day ahead.', 15700, 0),
  ('blanket', 8, 'Watch-room blanket', 'Wool, and a lot of it.',
   'Woven in the Serra da Estrela, striped like a day mark, and heavy enough to stay where it is.', 9800, 21)
ON CONFLICT (id) DO NOTHING;

COMMIT;
