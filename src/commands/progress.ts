/** Progress, on standard error, and only on a terminal. */
import { SingleBar } from "cli-progress";
import type { OutputFlags } from "./output.ts";
import { formatBytes, formatDuration } from "./output.ts";

/** How far a command is. */
export interface ProgressState {
  readonly files: number;
  readonly bytes: number;
  /** What was new, where that is known. */
  readonly newBytes?: number;
}

export interface ProgressDisplay {
  update(state: ProgressState): void;
  stop(): void;
}

const REDRAWS_A_SECOND = 5;

/**
 * Begins to show progress.
 *
 * @param total - bytes in all, as far as is known: the last snapshot's, or what is to be restored.
 */
export function showProgress(flags: OutputFlags, total: number | undefined): ProgressDisplay {
  if (flags["no-progress"] || flags.quiet || process.stderr.isTTY !== true) {
    return { update() {}, stop() {} };
  }
  const begun = Date.now();
  let state: ProgressState = { files: 0, bytes: 0 };
  const bar = new SingleBar({
    stream: process.stderr,
    fps: REDRAWS_A_SECOND,
    clearOnComplete: true,
    hideCursor: true,
    format: (options, { progress }) => {
      const seconds = (Date.now() - begun) / 1000;
      const rate = state.bytes / Math.max(seconds, 0.001);
      const parts = [`${state.files} files`, formatBytes(state.bytes), `${formatBytes(rate)}/s`];
      if (state.newBytes !== undefined) parts.push(`${formatBytes(state.newBytes)} new`);
      if (total !== undefined && state.bytes > 0 && state.bytes < total) {
        parts.push(`${formatDuration(((total - state.bytes) / rate) * 1000)} left`);
      }
      const width = options.barsize ?? 0;
      const full = Math.round(Math.min(progress, 1) * width);
      const bar = total === undefined ? "" : `[${"=".repeat(full)}${" ".repeat(width - full)}] `;
      return bar + parts.join("  ");
    },
    barsize: 20,
  });
  bar.start(total ?? 1, 0);
  return {
    update(next) {
      state = next;
      bar.update(Math.min(next.bytes, total ?? 0));
    },
    stop() {
      bar.stop();
    },
  };
}
