import type { Palette } from "../text/terminal.ts";
import { padColumns, truncate, visibleLength } from "../text/terminal.ts";

/** How a frame of the live view is drawn. */
export interface FrameOptions {
  /** The run's own time; emulated against an emulator. */
  readonly now: Date;
  readonly width: number;
  readonly height: number;
  readonly paint: Palette;
  /** The sign of the step that is at work. */
  readonly spinner: string;
  readonly emulated: boolean;
  /** What stays on the screen when the run is over leaves out what only helps while it goes on. */
  readonly final: boolean;
  /** What Ctrl-C does. */
  readonly keys: string;
}

/** A line with something at each end; the left end gives way. */
export interface FrameLine {
  readonly left: string;
  readonly right?: string;
  readonly style?: (text: string) => string;
}

/** A line as wide as the screen, its left end cut off where both do not fit. */
export function fitLine({ left, right = "", style = (text) => text }: FrameLine, width: number): string {
  // One column stays free: some terminals wrap when the last one is written.
  const room = width - 1 - (right ? visibleLength(right) + 2 : 0);
  const shown = truncate(left, Math.max(8, room));
  return right ? `${style(padColumns(shown, room))}  ${right}` : style(shown);
}
