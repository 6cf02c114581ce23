import type { Recording } from "./recording.ts";

/** Where an answer of the emulator is not what was recorded. */
export interface Difference {
  /** `status`, `header <name>`, or the path in the body. */
  readonly at: string;
  readonly recorded: unknown;
  readonly emulated: unknown;
}

/** A difference that a recording cannot decide, with the reason. */
export interface Accepted {
  readonly at: RegExp;
  readonly reason: string;
  /** Which differences at that place; all of them when absent. */
  readonly when?: (difference: Difference, recording: Recording) => boolean;
}

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** The accepted differences. Every other one means that the emulator does not conform. */
export const ACCEPTED: readonly Accepted[] = [
  {
    at: /^(body\.properties\.agentPoolProfiles\[\d+\]|body\.properties|body)\.eTag$/,
    when: ({ recorded }, recording) => recorded === undefined && yearOf(recording) < 2024,
    reason:
      "The request names api-version 2024-09-01 because the CLI's maintainers rewrite that part of old recordings; the traffic itself is older than eTags on clusters and pools, which came with 2024-09-01.",
  },
  {
    at: /^header (azure-asyncoperation|location) query$/,
    when: (_, recording) => yearOf(recording) < 2024,
    reason:
      "Since 2024 Azure signs the addresses of operations (t, c, s, h in the recordings of that year); clients send them back as they came, so the emulator signs all of them.",
  },
  {
    at: /^header (azure-asyncoperation|location) api-version$/,
    when: ({ recorded, emulated }) => [recorded, emulated].every((it) => it === "2016-03-30" || it === "2017-08-31"),
    reason:
      "Operations have an api-version of their own, 2016-03-30 or 2017-08-31 depending on the region's release; both are recorded, and clients send back what they got.",
  },
];

function yearOf(recording: Recording): number {
  return Number(/\b(20\d\d)\b/.exec(recording.response.headers["date"] ?? "")?.[1] ?? "0");
}

/** The reason for which a difference is accepted, or undefined. */
export function reasonFor(difference: Difference, recording: Recording): string | undefined {
  return ACCEPTED.find(({ at, when }) => at.test(difference.at) && (when?.(difference, recording) ?? true))?.reason;
}

/** True for text that is one GUID. */
export function isGuid(value: unknown): value is string {
  return typeof value === "string" && GUID.test(value);
}
