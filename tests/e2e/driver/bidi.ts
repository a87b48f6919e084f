/** A connection over WebDriver BiDi: commands with answers, and events. */
import WebSocket from 'ws';

export class Bidi {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { method: string; resolve: (result: any) => void; reject: (error: Error) => void }>();
  readonly #listeners: [method: string, listener: (params: any) => void][] = [];
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#take(JSON.parse(String(data))));
    socket.on('close', () => {
      for (const { method, reject } of this.#waiting.values()) reject(new Error(`${method}: the browser has gone`));
      this.#waiting.clear();
    });
  }

  static connect(url: string): Promise<Bidi> {
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(new Bidi(socket)));
      socket.once('error', reject);
    });
  }

  send(method: string, params: object = {}): Promise<any> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { method, resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  on(method: string, listener: (params: any) => void): void {
    this.#listeners.push([method, listener]);
  }

  close(): void {
    this.#socket.close();
  }

  #take(message: any): void {
    if (message.type === 'event') {
      for (const [method, listener] of this.#listeners) if (method === message.method) listener(message.params);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'success') waiting?.resolve(message.result);
    else waiting?.reject(new Error(`${waiting.method}: ${message.error}: ${message.message}`));
  }
}
