// The cart: kept in this browser, told to whoever listens.
import type { Line } from './api';

const KEY = 'keepers-store:cart';
const listeners = new Set<(lines: Line[]) => void>();
let lines = load();

function load(): Line[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? (stored as Line[]).filter((line) => line.id && line.quantity > 0) : [];
  } catch {
    // Storage that is off, or holds something else, is an empty cart.
    return [];
  }
}

function keep(next: Line[]): void {
  lines = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // The cart then lives as long as the page.
  }
  for (const listener of listeners) listener(lines);
}

export const cart = {
  lines: (): Line[] => lines,
  count: (): number => lines.reduce((sum, line) => sum + line.quantity, 0),
  add(id: string): void {
    const had = lines.find((line) => line.id === id)?.quantity ?? 0;
    cart.set(id, had + 1);
  },
  /** A quantity of 0 takes the line off. */
  set(id: string, quantity: number): void {
    const known = lines.some((line) => line.id === id);
    const next = known ? lines.map((line) => (line.id === id ? { id, quantity } : line)) : [...lines, { id, quantity }];
    keep(next.filter((line) => line.quantity > 0));
  },
  clear: (): void => keep([]),
  onChange(listener: (lines: Line[]) => void): void {
    listeners.add(listener);
  },
};
