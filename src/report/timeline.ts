import { MINUTE_MS } from "../engine/clock.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import { timeSpentMs } from "./remaining.ts";
import type { ClusterView, SpanView, StepView } from "./run-view.ts";
import { formatLength, formatTime } from "./words.ts";

const ROW_HEIGHT = 40;
const TOP = 28;
const BAR_HEIGHT = 10;
const AXIS_HEIGHT = 26;
/** A bar that stands for an instant is still seen. */
const LEAST_PERCENT = 0.6;

/**
 * When each step worked and waited, as a picture. Positions are percentages, so that the text keeps its size on a phone.
 * The axis is compressed: a day of waiting would leave nothing to see of the minutes in which things happened.
 */
export function drawTimeline(cluster: ClusterView, now: Date): Html | undefined {
  const steps = cluster.steps.filter(({ spans }) => spans.length > 0);
  if (steps.length === 0) return undefined;
  const times = steps.flatMap(({ spans }) => spans.flatMap((span) => [startOf(span), endOf(span, now)]));
  const scale = compressTime(times);
  const height = TOP + steps.length * ROW_HEIGHT + AXIS_HEIGHT;
  const id = `timeline-${cluster.id.replace(/[^A-Za-z0-9]/g, "-")}`;
  return html`<svg class="timeline" role="img" aria-labelledby="${id}" width="100%" height="${height}">
<title id="${id}">When each step worked and waited; the table of steps has the same as text.</title>
${drawSwitch(cluster, scale, height - AXIS_HEIGHT)}
${steps.map((step, index) => drawRow(step, TOP + index * ROW_HEIGHT, scale, now))}
<text class="note" x="0" y="${height - 6}">${formatTime(new Date(Math.min(...times)))}</text>
<text class="note" x="100%" y="${height - 6}" text-anchor="end">${formatTime(new Date(Math.max(...times)))}</text>
</svg>
<p class="muted"><span class="key work"></span>at work <span class="key wait"></span>waiting. Long stretches are drawn shorter than they were.</p>`;
}

function drawRow(step: StepView, top: number, scale: Scale, now: Date): Html {
  const bar = top + 20;
  return html`<text x="0" y="${top + 14}">${step.title}</text>
<text class="note" x="100%" y="${top + 14}" text-anchor="end">${formatLength(timeSpentMs(step, now))}</text>
<rect class="track" x="0" y="${bar}" width="100%" height="${BAR_HEIGHT}" rx="2"/>
${step.spans.map((span) => drawSpan(step, span, bar, scale, now))}`;
}

function drawSpan(step: StepView, span: SpanView, top: number, scale: Scale, now: Date): Html {
  const [from, to] = [scale(startOf(span)), scale(endOf(span, now))];
  const width = Math.max(LEAST_PERCENT, to - from);
  const kind = step.state === "failed" && step.spans.at(-1) === span ? "fail" : span.kind;
  const words = span.kind === "work" ? "at work" : "waiting";
  const title = `${step.title}: ${words} from ${formatTime(span.from)} for ${formatLength(endOf(span, now) - startOf(span))}`;
  return html`<rect class="${kind}" x="${percent(Math.min(from, 100 - width))}" y="${top}" width="${percent(width)}" height="${BAR_HEIGHT}" rx="2"><title>${title}</title></rect>`;
}

/** The moment after which nothing led back. */
function drawSwitch(cluster: ClusterView, scale: Scale, height: number): Html | undefined {
  const final = cluster.steps.flatMap(({ changes }) => changes).find((change) => change.risk === "irreversible");
  if (!final?.startedAt) return undefined;
  const at = scale(Date.parse(final.startedAt));
  const anchor = at < 35 ? "start" : at > 65 ? "end" : "middle";
  return html`<line class="mark" x1="${percent(at)}" x2="${percent(at)}" y1="20" y2="${height}"/>
<text class="mark-text" x="${percent(at)}" y="14" text-anchor="${anchor}">point of no return, ${formatTime(final.startedAt)}</text>`;
}

type Scale = (timeMs: number) => number;

/** Maps times to percent; between two neighbouring times the distance grows with the logarithm of what lies between. */
function compressTime(times: readonly number[]): Scale {
  const sorted = [...new Set(times)].sort((a, b) => a - b);
  const places: number[] = [0];
  for (let index = 1; index < sorted.length; index += 1)
    places.push(places.at(-1)! + Math.log2(1 + (sorted[index]! - sorted[index - 1]!) / MINUTE_MS));
  const whole = places.at(-1)! || 1;
  return (timeMs) => {
    const after = sorted.findIndex((time) => time >= timeMs);
    if (after <= 0) return after === 0 ? 0 : 100;
    const [from, to] = [sorted[after - 1]!, sorted[after]!];
    const share = (timeMs - from) / (to - from);
    return ((places[after - 1]! + (places[after]! - places[after - 1]!) * share) / whole) * 100;
  };
}

function startOf({ from }: SpanView): number {
  return Date.parse(from);
}

function endOf({ to }: SpanView, now: Date): number {
  return to ? Date.parse(to) : now.getTime();
}

function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}
