/** A database of cities in MaxMind's format, so that the collector under measurement has one to look into: the format as `collector/tests/door/mmdb.rs` writes it. */

type Data = string | { bits: 16 | 32 | 64; n: number } | Data[] | { [key: string]: Data };

/** The generator's addresses are 10.0.0.0 to 10.0.39.15 (`tests/load/src/bodies.rs`): so many networks of 256. */
const NETWORKS = 40;
const COUNTRIES = ['PT', 'DE', 'FR', 'BR', 'US', 'JP', 'IN', 'KE'];
/** As the cities of MaxMind's own have them. */
const LANGUAGES = ['de', 'en', 'es', 'fr', 'ja', 'pt-BR', 'ru', 'zh-CN'];

const isNumber = (data: Data): data is { bits: 16 | 32 | 64; n: number } => typeof data === 'object' && 'bits' in data;

/** The lengths here all fit the two shortest forms of the format. */
function control(kind: number, size: number): number[] {
  const [small, more] = size < 29 ? [size, []] : [29, [size - 29]];
  return [...(kind < 8 ? [(kind << 5) | small] : [small, kind - 7]), ...more];
}

function written(data: Data): number[] {
  if (typeof data === 'string') return [...control(2, Buffer.byteLength(data)), ...Buffer.from(data)];
  if (Array.isArray(data)) return [...control(11, data.length), ...data.flatMap(written)];
  if (isNumber(data)) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(data.n));
    const [kind, from] = { 16: [5, 6], 32: [6, 4], 64: [9, 0] }[data.bits] as [number, number];
    return [...control(kind, 8 - from), ...bytes.subarray(from)];
  }
  const pairs = Object.entries(data);
  return [...control(7, pairs.length), ...pairs.flatMap(([key, value]) => [...written(key), ...written(value)])];
}

const names = (name: string): Data => ({ names: Object.fromEntries(LANGUAGES.map((language) => [language, `${name} (${language})`])) });

const city = (n: number): Data => ({
  city: names(`Harbour ${n}`),
  continent: { code: 'EU', geoname_id: { bits: 32, n: 6_255_148 }, ...(names('Europe') as { [key: string]: Data }) },
  country: { iso_code: COUNTRIES[n % COUNTRIES.length]!, ...(names('A country') as { [key: string]: Data }) },
  subdivisions: [{ iso_code: `${n}`, ...(names('A part') as { [key: string]: Data }) }],
});

/** Every address of the generator's has a place. */
export function places(): Buffer {
  // Nodes with two records each: a node further on, nothing, or data.
  const nodes: ({ node: number } | { data: number } | undefined)[][] = [[undefined, undefined]];
  const data: number[] = [];
  for (let network = 0; network < NETWORKS; network++) {
    // 10.0.N.0/24, as it stands in a tree of IPv6.
    const bits = `${'0'.repeat(96)}${[10, 0, network].map((byte) => byte.toString(2).padStart(8, '0')).join('')}`;
    let node = 0;
    for (const [depth, bit] of [...bits].entries()) {
      const side = Number(bit);
      if (depth + 1 === bits.length) {
        nodes[node]![side] = { data: data.length };
        data.push(...written(city(network)));
        break;
      }
      const next = nodes[node]![side];
      if (next && 'node' in next) node = next.node;
      else node = (nodes[node]![side] = { node: nodes.push([undefined, undefined]) - 1 }).node;
    }
  }
  const tree = Buffer.alloc(nodes.length * 8);
  for (const [at, record] of nodes.flat().entries()) {
    const n = record === undefined ? nodes.length : 'node' in record ? record.node : nodes.length + 16 + record.data;
    tree.writeUInt32BE(n, at * 4);
  }
  const about: Data = {
    node_count: { bits: 32, n: nodes.length }, record_size: { bits: 16, n: 32 }, ip_version: { bits: 16, n: 6 }, database_type: 'Bench-City', languages: ['en'],
    binary_format_major_version: { bits: 16, n: 2 }, binary_format_minor_version: { bits: 16, n: 0 }, build_epoch: { bits: 64, n: 1_700_000_000 }, description: { en: 'for benchmarks' },
  };
  return Buffer.concat([tree, Buffer.alloc(16), Buffer.from(data), Buffer.from('abcdef', 'hex'), Buffer.from('MaxMind.com'), Buffer.from(written(about))]);
}
