/** What goes wrong on purpose between a collector and a real server: the next requests meet a fault, and whoever asked for it hears when they have. */
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type Fault =
  /** The server has no time: 429 with Retry-After, gRPC's UNAVAILABLE with RetryInfo. */
  | 'busy'
  /** 500, gRPC's INTERNAL. */
  | 'broken'
  /** The answer takes its time. */
  | 'slow'
  /** The answer comes after the collector has given up waiting; the server has taken the request. */
  | 'late'
  /** The connection ends when half of the request is through. */
  | 'cut'
  /** The server has taken the request, and its answer never comes. */
  | 'lost';

/** What the collector under test waits for an answer at most. */
export const PATIENCE = 2_000;
const SLOW = 300;
const LATE = PATIENCE + 500;

/** Nothing meets a fault so late but what does not come at all. */
const MEETING = 60_000;

export interface Proxy {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** So many of the next requests meet this; returns when they have. */
  meet(fault: Fault, count: number): Promise<void>;
  /** Ends all connections; until it is opened again nobody is there. */
  shut(): Promise<void>;
  open(): Promise<unknown>;
}

/** The faults that are still to come. */
export class Plan {
  #fault: Fault | undefined;
  #left = 0;
  #met: () => void = () => {};

  meet(fault: Fault, count: number): Promise<void> {
    [this.#fault, this.#left] = [fault, count];
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`${this.#left} of ${count} requests did not come to meet "${fault}" within ${MEETING} ms`)), MEETING);
      this.#met = () => {
        clearTimeout(late);
        done();
      };
    });
  }

  /** What the request that came now meets. */
  next(): Fault | undefined {
    if (this.#fault === undefined) return undefined;
    const fault = this.#fault;
    this.#left -= 1;
    if (this.#left === 0) {
      this.#fault = undefined;
      this.#met();
    }
    return fault;
  }
}

/** Listens on 127.0.0.1, at a free port unless one is named, and gives the port; one that somebody else has is an error. */
export const listening = (server: Server, port = 0): Promise<number> =>
  new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', fail);
      done((server.address() as AddressInfo).port);
    });
  });

/** Holds an answer back where its fault says so. */
export async function held(fault: Fault | undefined): Promise<void> {
  if (fault === 'slow') await pause(SLOW);
  if (fault === 'late') await pause(LATE);
}
