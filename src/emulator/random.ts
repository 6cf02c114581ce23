import { hash } from "node:crypto";

/** SHA-256 in base64url. */
const CHARACTERS_PER_DIGEST = 43;

/** Everything that would be random on Azure, derived from one seed: the same run gives the same ids. */
export class SeededIds {
  readonly #seed: number;
  readonly #signatures = new Map<string, string>();
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
    return Number.parseInt(this.#digest(name).slice(0, 8), 16) % limit;
  }

  /** `length` characters that look like a signature and belong to a name. */
  signatureOf(name: string, length: number): string {
    let text = this.#signatures.get(name) ?? "";
    if (text.length < length) {
      const parts = Array.from({ length: Math.ceil(length / CHARACTERS_PER_DIGEST) }, (_, part) => `${name}/${part}`);
      text = parts.map((part) => Buffer.from(this.#digest(part), "hex").toString("base64url")).join("");
      this.#signatures.set(name, text);
    }
    return text.slice(0, length);
  }

  /** 64 hex digits. */
  #digest(name: string): string {
    return hash("sha256", `${this.#seed}:${name}`);
  }
}

function guidFrom(digest: string): string {
  const variant = (Number.parseInt(digest[16]!, 16) & 0x3) | 0x8;
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-${variant.toString(16)}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
