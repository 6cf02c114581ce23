import type { JsonObject } from "./json.ts";

/** A long-running operation of the AKS resource provider. */
export interface Operation {
  readonly id: string;
  readonly subscription: string;
  readonly location: string;
  /** How a conflict names it, such as `update managed cluster`. */
  readonly kind: string;
  readonly startMs: number;
  endMs: number | undefined;
  status: "InProgress" | "Succeeded" | "Failed" | "Canceled";
  error: JsonObject | undefined;
  /** The resource that the result URL answers with; without one it answers 204 (recorded for abort). */
  readonly resultId: string | undefined;
}

/** The deletion of a resource group, by the name under which it is asked for. */
export interface GroupDeletion {
  readonly job: string;
  readonly groupId: string;
  isDone: boolean;
}
