// The backend, typed. Nothing here knows of Farol: it sees every fetch by itself.

/** The ids of the backend's span, which every answer says. */
export interface Traced {
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
}

export interface Product {
  id: string;
  name: string;
  line: string;
  story: string;
  price: number;
  stock: number;
}

export interface Line {
  id: string;
  quantity: number;
}

export interface Price {
  subtotal: number;
  shipping: number;
  total: number;
}

export interface Order extends Price {
  number: string;
}

/** An answer that was not a good one. */
export class Refused extends Error {
  override name = 'Refused';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Asks for JSON. */
export async function ask<T>(url: string, options?: RequestInit): Promise<T & Traced> {
  const response = await fetch(url, options);
  const body = (await response.json()) as T & Traced & { error?: string; message?: string };
  if (!response.ok) throw new Refused(response.status, body.error ?? 'unknown', body.message ?? response.statusText);
  return body;
}

const post = (lines: Line[]): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ lines }),
});

export const products = () => ask<{ products: Product[] }>('/api/products');
export const product = (id: string) => ask<Product>(`/api/products/${encodeURIComponent(id)}`);
export const priceOf = (lines: Line[]) => ask<Price>('/api/cart', post(lines));
export const order = (lines: Line[]) => ask<Order>('/api/checkout', post(lines));
