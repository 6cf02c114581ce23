/** An HTTP request as plain data: the one shape that the emulator's two doors and the clients in front of them share. */
export interface WireRequest {
  readonly method: string;
  /** Absolute URL, as the client sent it. */
  readonly url: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An HTTP response as plain data. */
export interface WireResponse {
  readonly status: number;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Thrown by a handler to drop the connection without an answer, or in the middle of one. */
export class ConnectionDropped extends Error {
  override readonly name = "ConnectionDropped";
  /** The answer that is not to arrive whole; absent: nothing of one arrives. */
  readonly broken: WireResponse | undefined;

  constructor(message: string, broken?: WireResponse) {
    super(message);
    this.broken = broken;
  }
}
