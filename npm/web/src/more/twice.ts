/** For what a browser tells by two ways, or by one of them: each time it happens is taken once. */

/** Things of which it is known that they were told by one way, and not yet by the other. */
const TRACKED = 1000;

/** Whether what this key stands for is news by this way. Kept are the times by the one way less those by the other. */
export function createTwice(): (key: string, way: 1 | -1) => boolean {
  const balance = new Map<string, number>();
  return (key, way) => {
    const now = (balance.get(key) || 0) + way;
    if (!now) balance.delete(key);
    else if (balance.size < TRACKED || balance.has(key)) balance.set(key, now);
    // What has no place is news by the one way alone.
    else return way > 0;
    return now * way > 0;
  };
}
