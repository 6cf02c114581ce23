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

/** Thrown by a handler to drop the connection without an answer. */
export class ConnectionDropped extends Error {
  override readonly name = "ConnectionDropped";
}
