import { createEmulator, type Emulator } from "../../src/emulator/emulator.ts";
import type { Json, JsonObject } from "../../src/emulator/json.ts";
import { VirtualClock } from "../../src/engine/clock.ts";
import { MadeUpIds, type Side } from "./compare.ts";

const ANY_GUID = /[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}/gi;

/** One emulator for one recording: takes the state that the recording implies, and the recorded request. */
export class Bench {
  readonly #emulator: Emulator;
  readonly #given = new Set<string>();
  /** What the emulator made up, against what Azure made up. */
  readonly ids = new MadeUpIds(this.#given);

  /** @param now the moment at which Azure answered */
  constructor(now: Date) {
    this.#emulator = createEmulator({ clock: new VirtualClock(now) });
  }

  /** Puts resources into the model. */
  async put(...resources: JsonObject[]): Promise<void> {
    this.#note(resources);
    await this.#control("POST", "resources", resources);
  }

  /** Changes the model's behaviour. */
  async behave(behaviour: JsonObject): Promise<void> {
    await this.#control("PATCH", "behaviour", behaviour);
  }

  /** Lets a request to come fail. */
  async fail(pathPattern: string, fault: JsonObject): Promise<void> {
    await this.#control("POST", "faults", { match: { pathPattern }, fault });
  }

  /** Lets time pass. */
  async advance(duration: string): Promise<void> {
    await this.#control("POST", "clock", { advance: duration });
  }

  /** Sends a request as a client would; what the client itself names has to come back as it is. */
  async send(method: string, uri: string, body?: Json): Promise<Side> {
    this.#note([uri, body ?? null]);
    return this.#handle(method, uri, body);
  }

  /** The resource at a path, as the service shows it. */
  async show(path: string, apiVersion = "2024-09-01"): Promise<JsonObject> {
    const uri = `https://management.azure.com${path}?api-version=${apiVersion}`;
    return (await this.#handle("GET", uri)).body as JsonObject;
  }

  #note(content: unknown): void {
    for (const id of JSON.stringify(content).match(ANY_GUID) ?? []) this.#given.add(id.toLowerCase());
  }

  async #control(method: string, what: string, body: unknown): Promise<void> {
    const answer = await this.#handle(method, `https://management.azure.com/_emulator/${what}`, body as Json);
    if (answer.status !== 200) throw new Error(`${method} ${what}: ${JSON.stringify(answer.body)}`);
  }

  async #handle(method: string, uri: string, body?: Json): Promise<Side> {
    const {
      status,
      headers,
      body: text,
    } = await this.#emulator.handle({
      method,
      url: uri,
      headers: { host: new URL(uri).host, "x-forwarded-proto": "https" },
      ...(body === undefined || body === null ? {} : { body: JSON.stringify(body) }),
    });
    return { status, headers, body: text === "" ? null : JSON.parse(text) };
  }
}
