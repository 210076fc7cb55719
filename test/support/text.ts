/** Text as logs have it: lines alike, none quite the same. */
const WORDS =
  "accepted cache client closed connection file from host lost opened request retry to user";

const SECONDS_A_DAY = 86400;

/** The same lines each time, cut off at `count` bytes. */
export function logText(seed: number, count: number): Uint8Array {
  const words = WORDS.split(" ");
  const text = Buffer.alloc(count);
  let state = seed >>> 0;
  // Numerical Recipes' generator; its low bits are poor, so the high ones are used.
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  let at = 0;
  for (let second = 0; at < count; second += below(3)) {
    const time = new Date(1000 * (second % SECONDS_A_DAY)).toISOString().slice(11, 19);
    const message = Array.from({ length: 2 + below(8) }, () => words[below(words.length)]);
    at += text.write(`${time} app[${below(40)}]: ${message.join(" ")} ${below(1e6)}\n`, at);
  }
  return text;
}
