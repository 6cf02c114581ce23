import type { HttpClient } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { type Clock, SystemClock } from "../engine/clock.ts";
import { AksMiError } from "../engine/errors.ts";
import type { WireRequest, WireResponse } from "../engine/wire.ts";
import { type Azure, createAzure } from "./azure.ts";
import { readCaller } from "./caller.ts";
import { CLOUDS, type Cloud, type CloudName } from "./clouds.ts";
import { createInProcessClient, createLoopbackClient } from "./doors.ts";
import { EmulatorClock } from "./emulator-clock.ts";
import { ReadMemory } from "./read-memory.ts";
import { rememberTokens } from "./remember-secrets.ts";
import type { OnRetry } from "./retry.ts";
import { createTransport } from "./transport.ts";

/** An emulator in this process: its one handler and the clock that both sides share. */
export interface InProcessEmulator {
  /** Answers one request; throws `ConnectionDropped` where the emulator was told to drop it. */
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

/**
 * How the adapters are stopped, whom they tell of their retries, whom they ask before each request that may change
 * something, and whether they hold back (`pacedReads`, see `pace.ts`).
 */
export interface AzureHooks {
  readonly signal?: AbortSignal;
  readonly onRetry?: OnRetry;
  /** When the caller's time box closes. */
  readonly pauseAt?: Date | undefined;
  /** Throws where the request must not be sent. */
  readonly beforeWrite?: () => void;
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

/** What tells one way from another. */
interface Way {
  readonly cloud: Cloud;
  readonly credential: TokenCredential;
  readonly clock: Clock;
  /** The door to an emulator; absent: the network. */
  readonly httpClient?: HttpClient;
  readonly caller: () => Promise<string>;
  /** A `Retry-After` in milliseconds, as this way's clock counts them; absent: as they are. */
  readonly toClockMs?: (ms: number) => number;
  /** Told the service's own time with each answer. */
  readonly onDate?: (date: Date) => void;
  /** True where time stands still between calls, so that the age of an answer says nothing. */
  readonly isTimeless?: boolean;
}

/**
 * Ready to go: nothing has been sent yet, except for the clock of an emulator on loopback.
 * @throws AksMiError when `emulator` is no URL of this machine, or nothing answers there
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const cloud = CLOUDS[options.cloud];
  const { emulator } = options;
  if (emulator === undefined) return connectionOver(await wayToAzure(cloud, options.tenant));
  return connectionOver(
    typeof emulator === "string" ? await wayOverLoopback(cloud, emulator) : wayInside(cloud, emulator),
  );
}

function connectionOver({ cloud, credential, httpClient, caller, onDate, isTimeless, ...way }: Way): Connection {
  const memory = new ReadMemory(way.clock);
  const { clock } = memory;
  const toClockMs = way.toClockMs ?? ((ms: number) => ms);
  return {
    cloud: cloud.name,
    emulator: httpClient !== undefined,
    clock,
    lookAfresh: () => void memory.afresh(),
    caller,
    azure: ({ signal, onRetry, pauseAt, beforeWrite, pacedReads } = {}) =>
      createAzure(
        createTransport({
          cloud,
          credential,
          httpClient,
          pacedReads,
          beforeWrite,
          memory: isTimeless ? memory.afresh() : memory,
          retry: { clock, signal, onRetry, pauseAt, toClockMs },
          onDate,
        }),
      ),
  };
}

/** An emulator takes any token, and lets everyone do what its scenario allows. */
const EMULATED = {
  credential: { getToken: async () => ({ token: "emulator", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) },
  caller: async () => "the emulator's caller",
};

async function wayOverLoopback(cloud: Cloud, endpoint: string): Promise<Way> {
  const url = parseEmulatorUrl(endpoint);
  const clock = await EmulatorClock.connect(url);
  return {
    ...EMULATED,
    cloud,
    clock,
    httpClient: createLoopbackClient(url),
    // An emulator on loopback says `Retry-After` in wall time: it has divided it by its scale.
    toClockMs: (ms) => ms * clock.scale,
  };
}

function wayInside(cloud: Cloud, { handle, clock }: InProcessEmulator): Way {
  return { ...EMULATED, cloud, clock, httpClient: createInProcessClient(handle), isTimeless: true };
}

async function wayToAzure(cloud: Cloud, tenant: string | undefined): Promise<Way> {
  ensureCertificatesCount();
  const { DefaultAzureCredential } = await import("@azure/identity");
  const credential = rememberTokens(
    new DefaultAzureCredential({ authorityHost: cloud.authority, ...(tenant ? { tenantId: tenant } : {}) }),
  );
  const clock = new SystemClock();
  return {
    cloud,
    credential,
    clock,
    caller: () => readCaller(credential, cloud),
    onDate: (date) => clock.correct(date),
  };
}

/** A token goes only to whom a certificate proves. @throws AksMiError when Node was told to take any */
function ensureCertificatesCount(): void {
  if (process.env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return;
  throw new AksMiError(
    "USAGE",
    "NODE_TLS_REJECT_UNAUTHORIZED=0 lets anyone stand in for Azure, and nothing is sent that way.",
    "Unset it; for a proxy with a certificate of its own name that in NODE_EXTRA_CA_CERTS.",
  );
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
