import { createHash } from "node:crypto";

/** Everything that would be random on Azure, derived from one seed: the same run gives the same ids. */
export class SeededIds {
  readonly #seed: number;
  #counter = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The GUID that belongs to a name: asked twice, it is the same. */
  guidOf(name: string): string {
    return guidFrom(this.#digest(name));
  }

  /** A GUID that has not been given out before. */
  nextGuid(): string {
    this.#counter += 1;
    return guidFrom(this.#digest(`#${this.#counter}`));
  }

  /** A whole number from 0 up to and without `limit` that belongs to a name. */
  numberOf(name: string, limit: number): number {
    return this.#digest(name).readUInt32BE(0) % limit;
  }

  /** `length` characters that look like a signature and belong to a name. */
  signatureOf(name: string, length: number): string {
    let text = "";
    for (let part = 0; text.length < length; part++) text += this.#digest(`${name}/${part}`).toString("base64url");
    return text.slice(0, length);
  }

  #digest(name: string): Buffer {
    return createHash("sha256").update(`${this.#seed}:${name}`).digest();
  }
}

function guidFrom(digest: Buffer): string {
  const bytes = Buffer.from(digest.subarray(0, 16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
