import { POLL_SECONDS } from "./operations.ts";
import type { World } from "./world.ts";

/**
 * How long to wait, as headers. On a loopback emulator whose clock runs fast the wait is divided by the scale; below one
 * second it goes out as `retry-after-ms`, since az takes a `Retry-After: 0` for 30 seconds (az 2.45, seen).
 */
export function retryAfterHeaders(world: World, seconds: number): Record<string, string> {
  const wall = seconds / world.retryAfterDivisor;
  if (wall >= 1 || world.retryAfterDivisor === 1) return { "retry-after": String(Math.ceil(wall)) };
  return { "retry-after-ms": String(Math.max(1, Math.round(wall * 1000))) };
}

/** AKS sends no Retry-After with its operations (recorded); only a fast clock has to tell clients to poll faster. */
export function pollHeaders(world: World): Record<string, string> {
  return world.retryAfterDivisor === 1 ? {} : retryAfterHeaders(world, POLL_SECONDS);
}
