import { isDeepStrictEqual } from "node:util";
import { sameId } from "../../src/azure/ids.ts";
import { asArray, asObject, asString, at, type Json, type JsonObject } from "../../src/azure/json.ts";
import { parseDuration } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import { kubeletIdentityKey, switchKey } from "../../src/migration/migration.ts";
import { daysWork, failedPulls } from "./days-work.ts";
import type { Deed } from "./deeds.ts";
import { heldSince, type Needed, neededRights } from "./needs.ts";
import type { Subject } from "./site.ts";
import { approvedKeys, pathOf, type Write } from "./writes.ts";

/** How many requests lie between the last look at a right and the write: what vanishes in between nobody can see. */
const BLIND_REQUESTS = 6;

/** Something that our own writes began in Azure. */
interface Begun {
  readonly key: string;
  readonly operation: string | undefined;
}

/** What must hold for one cluster after every event, whatever goes wrong. */
export class Invariants {
  readonly subject: Subject;
  readonly #fail: (what: string) => void;
  readonly #needs: readonly Needed[];
  readonly #waitMs: number;
  readonly #tokenMs: number;
  readonly #blindRequests: number;
  readonly #events: Event[] = [];
  readonly #begun: Begun[] = [];
  readonly #rolesMade = new Map<string, number>();
  /** When anything was written by anyone: a role assignment can have no other date. */
  readonly #writtenAt = new Set<number>();
  #requests = 0;
  #lastRightLost = Number.NEGATIVE_INFINITY;
  #onTheirWay = 0;
  /** The cluster's eTag need not say so: then nobody can know. */
  #isScaledSinceRead = false;
  #identityChangedAt: Date | undefined;
  #before: JsonObject = {};
  #tokenUntil: string | undefined;
  #switchedAt: Date | undefined;

  /** @param fail told what does not hold */
  constructor(subject: Subject, fail: (what: string) => void) {
    const { settings, clusters } = subject.site.plan;
    this.subject = subject;
    this.#fail = (what) => fail(clusters.length === 1 ? what : `${subject.clusterId.split("/").at(-1)}: ${what}`);
    this.#needs = neededRights(subject);
    this.#waitMs = parseDuration(settings.rolePropagation.wait)!;
    this.#tokenMs = parseDuration(settings.tokenSwitchover.wait)!;
    this.#blindRequests = BLIND_REQUESTS * clusters.length;
  }

  /** Someone else has done something. */
  noteStranger(deed: Deed): void {
    this.noteWritten();
    if (deed === "scale" || deed === "addPool") this.#isScaledSinceRead = true;
    if (deed === "deleteRole" || deed === "deleteIdentity") this.#lastRightLost = this.#requests;
  }

  /** Something has been written now, by whomever. */
  noteWritten(): void {
    this.#writtenAt.add(this.subject.site.clock.now().getTime());
  }

  /** A request is about to be served. */
  noteRequest(request: WireRequest): void {
    this.#requests += 1;
    if (!this.#isScaledSinceRead || request.method !== "GET") return;
    if (sameId(pathOf(request), this.subject.clusterId)) this.#isScaledSinceRead = false;
  }

  /** Called before Azure gets a write about this cluster. */
  async beforeWrite(write: Write): Promise<void> {
    this.#expectApproved(write);
    if (isOperation(write)) this.#before = await this.#readCluster();
  }

  /** A write is on its way to Azure. */
  beginWrite(write: Write): void {
    if (!isOperation(write)) return;
    if (this.#onTheirWay > 0) this.#fail(`${write.path} was written while another write was on its way`);
    this.#onTheirWay += 1;
  }

  /** Azure has answered a write. */
  endWrite(write: Write): void {
    if (isOperation(write)) this.#onTheirWay -= 1;
  }

  /** Called with Azure's answer to a write about this cluster. */
  async afterWrite(write: Write, response: WireResponse): Promise<void> {
    const key = this.openKey;
    if (response.status >= 300 || key === undefined) return;
    if (!isOperation(write)) {
      if (response.status === 201) this.#rolesMade.set(write.path, (this.#rolesMade.get(write.path) ?? 0) + 1);
      const times = this.#rolesMade.get(write.path) ?? 0;
      if (times > 1 && this.#lastRightLost < 0) this.#fail(`${key} was made ${times} times`);
      return;
    }
    await this.#expectNothingElseRuns(key);
    await this.#expectNotTwice(key);
    if (write.kind === "cluster") await this.#expectNothingLost();
    await this.#expectRights(key);
    const url = response.headers["azure-asyncoperation"];
    this.#begun.push({ key, operation: url === undefined ? undefined : new URL(url).pathname });
    const now = this.subject.site.clock.now();
    if (write.kind === "cluster") this.#identityChangedAt = now;
    if (key === switchKey(this.subject.clusterId)) this.#switchedAt = now;
  }

  /** Called with each event of this cluster once it is on disk. */
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

  /** Called when the run has ended done: journal and Azure must agree, and the cluster must work. */
  async atTheEnd(): Promise<void> {
    const { site, clusterId } = this.subject;
    const applied = new Set(this.#events.flatMap((event) => (event.type === "change:applied" ? [event.key] : [])));
    for (const { key } of this.#begun)
      if (!applied.has(key)) this.#fail(`Azure did ${key}, and the journal says nothing`);
    const [cluster] = (await site.makePlan(site.emulator, [clusterId])).clusters;
    if (cluster!.path !== "none") this.#fail(`the run is done, and a new plan would be ${cluster!.path}`);
    if (this.#lastRightLost >= 0) return;
    for (const needed of this.#needs)
      if ((await heldSince(this.subject, needed)) === undefined)
        this.#fail(`the run is done, and the ${needed.who} does not hold ${needed.role} on ${needed.scope}`);
    for (const what of await failedPulls(this.subject, this.#events)) this.#fail(what);
    for (const what of await daysWork(this.subject, this.#identityChangedAt)) this.#fail(what);
  }

  /** A right that vanished at the last moment is nobody's fault; one that was never looked for again is. */
  async #expectRights(key: string): Promise<void> {
    const { clusterId, site } = this.subject;
    const isUpdate = key === switchKey(clusterId) || key === kubeletIdentityKey(clusterId);
    const now = site.clock.now().getTime();
    for (const needed of this.#needs) {
      if (isUpdate ? !needed.isBeforeSwitch : needed.who !== "kubelet") continue;
      const since = (await heldSince(this.subject, needed))?.getTime();
      if (since !== undefined && now - since >= this.#waitMs) continue;
      if (this.#requests - this.#lastRightLost <= this.#blindRequests) continue;
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
    const events = await this.subject.site.read<Json[]>("/_emulator/events");
    const isHere = (event: Json) => sameId(asString(at(event, "cluster")), this.subject.clusterId);
    return !events.some((event) => at(event, "kind") === "nodeReimaged" && at(event, "pool") === pool && isHere(event));
  }

  async #statusOf({ operation }: Begun): Promise<string | undefined> {
    return operation && asString(at(await this.subject.site.read<Json>(operation), "status"));
  }

  async #readCluster(): Promise<JsonObject> {
    return asObject(await this.subject.site.read<Json>(this.subject.clusterId));
  }

  /** Nothing that someone else changed may be undone by sending back an older body. */
  async #expectNothingLost(): Promise<void> {
    const after = await this.#readCluster();
    const others = (cluster: JsonObject) => ({
      tags: cluster["tags"],
      pools: this.#isScaledSinceRead
        ? []
        : asArray(at(cluster, "properties", "agentPoolProfiles")).map((pool) => [at(pool, "name"), at(pool, "count")]),
    });
    if (!isDeepStrictEqual(others(this.#before), others(after)))
      this.#fail(
        `an update undid what someone else had changed: ${JSON.stringify([others(this.#before), others(after)])}`,
      );
  }

  #expectApproved(write: Write): void {
    const key = this.openKey;
    const isApproved = this.#events.some((event) => event.type === "run:approved");
    if (!isApproved) this.#fail(`${write.path} was written before anyone approved`);
    if (key === undefined || !write.keys.includes(key)) this.#fail(`${write.path} was written for ${key ?? "nothing"}`);
    else if (!approvedKeys(this.subject).includes(key)) this.#fail(`${key} is not in the plan`);
  }

  /** The change that the journal says is being made. */
  get openKey(): string | undefined {
    const last = this.#events.findLast((event) => event.type === "change:started" || event.type === "change:applied");
    return last?.type === "change:started" ? last.key : undefined;
  }
}

/** True for a write that starts an operation on the cluster: of those there is one at a time. */
function isOperation({ kind }: Write): boolean {
  return kind === "cluster" || kind === "roll";
}
