import { describe, expect, it } from "vitest";
import { Recurrence } from "../../src/emulator/recurrence.ts";

describe("what recurs", () => {
  it("is counted from its first moment on, with the moment that is asked about", () => {
    const hourly = new Recurrence(100, 60);
    expect([99, 100, 159, 160, 400].map((ms) => hourly.timesBy(ms))).toEqual([0, 1, 1, 2, 6]);
  });

  it("does not happen any more at the moment of its end, and an end is not put off", () => {
    const ended = new Recurrence(100, 60);
    ended.endAt(220);
    ended.endAt(500);
    expect(ended.timesBy(1000)).toBe(2);
    expect(ended.between(0, 1000)).toEqual([100, 160]);
  });

  it("tells its moments in a window, both ends included", () => {
    const hourly = new Recurrence(100, 60);
    expect(hourly.between(160, 280)).toEqual([160, 220, 280]);
    expect(hourly.between(161, 219)).toEqual([]);
    expect(hourly.between(Number.NEGATIVE_INFINITY, 170)).toEqual([100, 160]);
    expect(hourly.between(0, 99)).toEqual([]);
  });
});
