/** For what a browser tells by two ways, or by one of them: each time it happens is taken once. */

/** Things of which it is known by which way they were told. */
const TRACKED = 1000;

/** Whether what this key stands for is news by this way. Kept are the times by the one way less those by the other. */
export function createTwice(): (key: string, way: 1 | -1) => boolean {
  const balance = new Map<string, number>();
  return (key, way) => {
    const now = (balance.get(key) || 0) + way;
    if (balance.size < TRACKED || balance.has(key)) balance.set(key, now);
    return now * way > 0;
  };
}
