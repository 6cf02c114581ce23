import { keyOf, nameOf, resourceGroupOf, subscriptionOf } from "./ids.ts";
import type { Json, JsonObject } from "./json.ts";

/** Who sent a request. */
export interface Caller {
  readonly objectId: string;
  readonly name: string;
  /** True when the rights come from the behaviour settings and not only from role assignments of the model. */
  readonly isConfigured: boolean;
}

/** What a path names. */
export interface Target {
  readonly kind: "item" | "collection";
  /** The path without trailing slash. */
  readonly path: string;
  /** The type in lower case with its provider, such as `microsoft.network/virtualnetworks/subnets`. */
  readonly type: string;
  /** The type as the path writes it. */
  readonly typeAsWritten: string;
  /** What the resource or the list hangs on: a resource group, a parent resource, the scope of an extension. */
  readonly parentId: string;
  readonly subscription: string | undefined;
  readonly resourceGroup: string | undefined;
}

/** A request to ARM or Graph, taken apart. */
export interface ArmRequest {
  readonly method: string;
  readonly target: Target;
  readonly query: URLSearchParams;
  readonly apiVersion: string;
  readonly body: JsonObject | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Scheme and host as the client sees them, for links in answers. */
  readonly origin: string;
  /** Path and query as they came, for next links. */
  readonly url: URL;
  readonly caller: Caller;
  readonly correlationId: string;
}

/** An answer before it is made into bytes. */
export interface ArmReply {
  readonly status: number;
  readonly body?: Json | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Finds out what a decoded path names; undefined for paths that name no resource of a provider. */
export function targetOf(path: string): Target | undefined {
  const at = path.toLowerCase().lastIndexOf("/providers/");
  if (at < 0) return undefined;
  const [namespace, ...segments] = path.slice(at + "/providers/".length).split("/");
  if (!namespace || segments.length === 0) return undefined;
  const typeAsWritten = [namespace, ...segments.filter((_, index) => index % 2 === 0)].join("/");
  const isItem = segments.length % 2 === 0;
  const owner =
    segments.length <= 2
      ? path.slice(0, at) || "/"
      : path
          .split("/")
          .slice(0, isItem ? -2 : -1)
          .join("/");
  return {
    kind: isItem ? "item" : "collection",
    path,
    type: typeAsWritten.toLowerCase(),
    typeAsWritten,
    parentId: owner,
    subscription: subscriptionOf(path),
    resourceGroup: resourceGroupOf(path),
  };
}

/** One page of a list, with the link to the next one where there is one. */
export function pageOf(
  items: Json[],
  request: Pick<ArmRequest, "query" | "url" | "origin">,
  pageSize: number,
): ArmReply {
  const top = Number(request.query.get("$top") ?? "0");
  const size = top > 0 ? top : pageSize;
  const from = Number(request.query.get("$skiptoken") ?? request.query.get("$skipToken") ?? "0") || 0;
  const value = items.slice(from, from + size);
  if (from + size >= items.length) return { status: 200, body: { value } };
  const next = new URL(request.url.pathname + request.url.search, request.origin);
  next.searchParams.set("$skiptoken", String(from + size));
  return { status: 200, body: { value, nextLink: next.toString() } };
}

/** The name at the end of the target's path. */
export function targetName(target: Target): string {
  return nameOf(target.path);
}

/** True when the request's api-version is the given one or newer; previews count as their date. */
export function isSince(request: ArmRequest, apiVersion: string): boolean {
  return keyOf(request.apiVersion).slice(0, 10) >= apiVersion;
}
