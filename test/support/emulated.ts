/** Something that happened in an emulated cluster. */
export interface ModelEvent {
  readonly at: string;
  readonly cluster: string;
  readonly kind: string;
  readonly pool?: string;
  readonly node?: string;
  readonly identity?: string;
  readonly ok: boolean;
  readonly reason?: string;
}

/** A request that the emulator served. */
export interface ServedRequest {
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body?: unknown;
}

/** What tests ask of an emulator, behind whichever door it is. */
export abstract class Emulated {
  /** A call of the emulator's control API. */
  abstract control<T>(method: string, path: string, body?: unknown): Promise<T>;

  events(): Promise<ModelEvent[]> {
    return this.control("GET", "/_emulator/events");
  }

  requests(): Promise<ServedRequest[]> {
    return this.control("GET", "/_emulator/requests");
  }

  /** Requests that changed something in Azure. */
  async writes(): Promise<ServedRequest[]> {
    return (await this.requests()).filter(({ method, status }) => method !== "GET" && status < 300);
  }
}
