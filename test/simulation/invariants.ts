import { isDeepStrictEqual } from "node:util";
import { asArray, asObject, asString, at, type Json, type JsonObject } from "../../src/azure/json.ts";
import { parseDuration } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import { kubeletIdentityKey, switchKey } from "../../src/migration/migration.ts";
import { heldSince, type Needed, neededRights } from "./needs.ts";
import type { Site } from "./site.ts";
import { approvedKeys, readWrite, type Write } from "./writes.ts";

/** How many requests lie between the last look at a right and the write: what vanishes in between nobody can see. */
const BLIND_REQUESTS = 6;

/** Something that our own writes began in Azure. */
interface Begun {
  readonly key: string;
  readonly operation: string | undefined;
}

/** What must hold after every event, whatever goes wrong. Collects what does not. */
export class Invariants {
  readonly violations: string[] = [];
  readonly #site: Site;
  readonly #needs: readonly Needed[];
  readonly #waitMs: number;
  readonly #tokenMs: number;
  readonly #events: Event[] = [];
  readonly #begun: Begun[] = [];
  readonly #rolesMade = new Map<string, number>();
  /** When anything was written by anyone: a role assignment can have no other date. */
  readonly #writtenAt = new Set<number>();
  #requests = 0;
  #lastRoleLost = Number.NEGATIVE_INFINITY;
  #before: JsonObject = {};
  #tokenUntil: string | undefined;
  #switchedAt: Date | undefined;

  constructor(site: Site) {
    this.#site = site;
    this.#needs = neededRights(site);
    this.#waitMs = parseDuration(site.plan.settings.rolePropagation.wait)!;
    this.#tokenMs = parseDuration(site.plan.settings.tokenSwitchover.wait)!;
  }

  /** Someone else has written something. @param tookRole true when it was a role that is gone now */
  noteStranger(tookRole: boolean): void {
    this.#writtenAt.add(this.#site.clock.now().getTime());
    if (tookRole) this.#lastRoleLost = this.#requests;
  }

  /** Called before Azure gets a request. */
  async beforeRequest(request: WireRequest): Promise<void> {
    this.#requests += 1;
    const write = this.#readWrite(request);
    if (!write) return;
    this.#expectApproved(write);
    if (write.kind === "cluster") this.#before = asObject(await this.#site.read<Json>(this.#site.clusterId));
  }

  /** Called with Azure's answer, before anything happens to it on its way. */
  async afterResponse(request: WireRequest, response: WireResponse): Promise<void> {
    const write = this.#readWrite(request);
    if (!write || response.status >= 300) return;
    this.#writtenAt.add(this.#site.clock.now().getTime());
    const key = this.#openKey()!;
    if (write.kind === "identity" || write.kind === "role") {
      if (response.status === 201) this.#rolesMade.set(write.path, (this.#rolesMade.get(write.path) ?? 0) + 1);
      const times = this.#rolesMade.get(write.path) ?? 0;
      if (times > 1 && this.#lastRoleLost < 0) this.#fail(`${key} was made ${times} times`);
      return;
    }
    await this.#expectNothingElseRuns(key);
    await this.#expectNotTwice(key);
    if (write.kind === "cluster") await this.#expectNothingLost();
    await this.#expectRights(key);
    const url = response.headers["azure-asyncoperation"];
    this.#begun.push({ key, operation: url === undefined ? undefined : new URL(url).pathname });
    if (key === switchKey(this.#site.clusterId)) this.#switchedAt = this.#site.clock.now();
  }

  /** Called with each event once it is on disk. */
  onEvent(event: Event): void {
    this.#events.push(event);
    if (event.type !== "step:waiting" || event.until === undefined) return;
    const until = Date.parse(event.until);
    if (event.step === "await-token-switchover") {
      const from = new Date(until - this.#tokenMs);
      if (this.#switchedAt && from < this.#switchedAt) this.#fail("the token wait ends before the tokens do");
      if (this.#tokenUntil !== undefined && this.#tokenUntil !== event.until)
        this.#fail(`the token wait was to end at ${this.#tokenUntil} and now ends at ${event.until}`);
      this.#tokenUntil = event.until;
    } else if (!this.#writtenAt.has(until - this.#waitMs)) {
      this.#fail(`${event.step} waits until ${event.until}, which counts from no role assignment`);
    }
  }

  /** Called when a run has ended done: journal and Azure must agree. */
  async atTheEnd(): Promise<void> {
    const applied = new Set(this.#events.flatMap((event) => (event.type === "change:applied" ? [event.key] : [])));
    for (const { key } of this.#begun)
      if (!applied.has(key)) this.#fail(`Azure did ${key}, and the journal says nothing`);
    const path = (await this.#site.makePlan()).clusters[0]!.path;
    if (path !== "none") this.#fail(`the run is done, and a new plan would be ${path}`);
  }

  /** A right that vanished at the last moment is nobody's fault; one that was never looked for again is. */
  async #expectRights(key: string): Promise<void> {
    const isUpdate = key === switchKey(this.#site.clusterId) || key === kubeletIdentityKey(this.#site.clusterId);
    const now = this.#site.clock.now().getTime();
    for (const needed of this.#needs) {
      if (isUpdate ? !needed.isBeforeSwitch : needed.who !== "kubelet") continue;
      const since = (await heldSince(this.#site, needed))?.getTime();
      if (since !== undefined && now - since >= this.#waitMs) continue;
      if (this.#requests - this.#lastRoleLost <= BLIND_REQUESTS) continue;
      const held = since === undefined ? "is not held" : `is only ${(now - since) / 60_000} minutes old`;
      this.#fail(`${key} was sent while ${needed.role} of the ${needed.who} on ${needed.scope} ${held}`);
    }
  }

  async #expectNothingElseRuns(key: string): Promise<void> {
    for (const other of this.#begun) {
      if ((await this.#statusOf(other)) === "InProgress") this.#fail(`${key} was sent while ${other.key} goes on`);
    }
  }

  async #expectNotTwice(key: string): Promise<void> {
    const earlier = this.#begun.filter((other) => other.key === key);
    for (const other of earlier) {
      const status = await this.#statusOf(other);
      if (status === "Succeeded" && !(await this.#didNothing(key))) this.#fail(`${key} was applied twice`);
    }
  }

  /** An upgrade to the image that a pool already has succeeds and images no node. */
  async #didNothing(key: string): Promise<boolean> {
    const pool = /^roll:(.*)$/.exec(key)?.[1];
    if (pool === undefined) return false;
    const events = await this.#site.read<Json[]>("/_emulator/events");
    return !events.some((event) => at(event, "kind") === "nodeReimaged" && at(event, "pool") === pool);
  }

  async #statusOf({ operation }: Begun): Promise<string | undefined> {
    return operation && asString(at(await this.#site.read<Json>(operation), "status"));
  }

  /** Nothing that someone else changed may be undone by sending back an older body. */
  async #expectNothingLost(): Promise<void> {
    const after = asObject(await this.#site.read<Json>(this.#site.clusterId));
    const others = (cluster: JsonObject) => ({
      tags: cluster["tags"],
      pools: asArray(at(cluster, "properties", "agentPoolProfiles")).map((pool) => [
        at(pool, "name"),
        at(pool, "count"),
      ]),
    });
    if (!isDeepStrictEqual(others(this.#before), others(after)))
      this.#fail(
        `an update undid what someone else had changed: ${JSON.stringify([others(this.#before), others(after)])}`,
      );
  }

  #expectApproved(write: Write): void {
    const key = this.#openKey();
    const isApproved = this.#events.some((event) => event.type === "run:approved");
    if (!isApproved) this.#fail(`${write.path} was written before anyone approved`);
    if (key === undefined || !write.keys.includes(key)) this.#fail(`${write.path} was written for ${key ?? "nothing"}`);
    else if (!approvedKeys(this.#site).includes(key)) this.#fail(`${key} is not in the plan`);
  }

  /** The change that the journal says is being made. */
  #openKey(): string | undefined {
    const last = this.#events.findLast((event) => event.type === "change:started" || event.type === "change:applied");
    return last?.type === "change:started" ? last.key : undefined;
  }

  #readWrite(request: WireRequest): Write | undefined {
    try {
      return readWrite(this.#site, request);
    } catch (error) {
      this.#fail((error as Error).message);
      return undefined;
    }
  }

  #fail(what: string): void {
    if (!this.violations.includes(what)) this.violations.push(what);
  }
}
