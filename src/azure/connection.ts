import type { TokenCredential } from "@azure/identity";
import { type Clock, SystemClock } from "../engine/clock.ts";
import { AksMiError } from "../engine/errors.ts";
import type { WireRequest, WireResponse } from "../engine/wire.ts";
import { type Azure, createAzure } from "./azure.ts";
import { readCaller } from "./caller.ts";
import { CLOUDS, type CloudName } from "./clouds.ts";
import { createInProcessClient, createLoopbackClient } from "./doors.ts";
import { EmulatorClock } from "./emulator-clock.ts";
import { ReadMemory } from "./read-memory.ts";
import type { OnRetry } from "./retry.ts";
import { createTransport } from "./transport.ts";

/** An emulator in this process: its one handler and the clock that both sides share. */
export interface InProcessEmulator {
  handle(request: WireRequest): Promise<WireResponse>;
  readonly clock: Clock;
}

/** Where to connect to. */
export interface ConnectOptions {
  readonly cloud: CloudName;
  readonly tenant?: string | undefined;
  /** The URL of an emulator on loopback, or one in this process; absent: Azure itself. */
  readonly emulator?: string | InProcessEmulator | undefined;
}

/** How the adapters are stopped, whom they tell of their retries, and whether they hold back (`pacedReads`, see `pace.ts`). */
export interface AzureHooks {
  readonly signal?: AbortSignal;
  readonly onRetry?: OnRetry;
  readonly pacedReads?: boolean;
}

/** A way to Azure, or to an emulator of it. */
export interface Connection {
  readonly cloud: CloudName;
  readonly emulator: boolean;
  readonly clock: Clock;
  /** The name under which Azure knows whoever is signed in. @throws AksMiError `NOT_SIGNED_IN` */
  caller(): Promise<string>;
  /** Reads everything anew from here on, however little time has passed: before what cannot be taken back. */
  lookAfresh(): void;
  /** The adapters, with what they need to be stopped and to tell of their retries. */
  azure(hooks?: AzureHooks): Azure;
}

/** An emulator takes any token, and lets everyone do what its scenario allows. */
const EMULATED_CALLER = "the emulator's caller";

/** Ready to go: nothing has been sent yet, except for the clock of an emulator on loopback. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const cloud = CLOUDS[options.cloud];
  if (options.emulator === undefined) return connectToAzure(options);
  const credential: TokenCredential = {
    getToken: async () => ({ token: "emulator", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
  };
  if (typeof options.emulator === "string") {
    const url = parseEmulatorUrl(options.emulator);
    const emulatorClock = await EmulatorClock.connect(url);
    const memory = new ReadMemory(emulatorClock);
    const { clock } = memory;
    const httpClient = createLoopbackClient(url);
    return {
      cloud: cloud.name,
      emulator: true,
      clock,
      lookAfresh: () => void memory.afresh(),
      caller: async () => EMULATED_CALLER,
      azure: ({ signal, onRetry, pacedReads } = {}) =>
        createAzure(
          createTransport({
            cloud,
            credential,
            httpClient,
            pacedReads,
            memory,
            // An emulator on loopback says `Retry-After` in wall time: it has divided it by its scale.
            retry: { clock, signal, onRetry, toClockMs: (ms) => ms * emulatorClock.scale },
          }),
        ),
    };
  }
  const { handle } = options.emulator;
  const memory = new ReadMemory(options.emulator.clock);
  const { clock } = memory;
  const httpClient = createInProcessClient(handle);
  return {
    cloud: cloud.name,
    emulator: true,
    clock,
    lookAfresh: () => void memory.afresh(),
    caller: async () => EMULATED_CALLER,
    azure: ({ signal, onRetry, pacedReads } = {}) =>
      createAzure(
        createTransport({
          cloud,
          credential,
          httpClient,
          pacedReads,
          // Its time stands still between calls, so that the age of an answer says nothing.
          memory: memory.afresh(),
          retry: { clock, signal, onRetry, toClockMs: (ms) => ms },
        }),
      ),
  };
}

async function connectToAzure(options: ConnectOptions): Promise<Connection> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  const cloud = CLOUDS[options.cloud];
  const credential = new DefaultAzureCredential({
    authorityHost: cloud.authority,
    ...(options.tenant ? { tenantId: options.tenant } : {}),
  });
  const systemClock = new SystemClock();
  const memory = new ReadMemory(systemClock);
  const { clock } = memory;
  return {
    cloud: cloud.name,
    emulator: false,
    clock,
    lookAfresh: () => void memory.afresh(),
    caller: () => readCaller(credential, cloud),
    azure: ({ signal, onRetry, pacedReads } = {}) =>
      createAzure(
        createTransport({
          cloud,
          credential,
          pacedReads,
          memory,
          retry: { clock, signal, onRetry, toClockMs: (ms) => ms },
          onDate: (date) => systemClock.correct(date),
        }),
      ),
  };
}

/** @throws AksMiError when it is not the URL of an emulator on this machine */
function parseEmulatorUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const loopback = url && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname);
  if (url && loopback && /^https?:$/.test(url.protocol)) return url;
  throw new AksMiError(
    "USAGE",
    `--emulator wants the URL of an emulator on this machine, not "${text}".`,
    "Start `aks-mi emulator` and pass the endpoint that it prints, for example http://127.0.0.1:43123.",
  );
}
