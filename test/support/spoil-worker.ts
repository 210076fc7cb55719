/**
 * Loaded before the program: sends its first worker thread something that no
 * code of it can deal with.
 */
process.once("worker", (worker) => {
  worker.postMessage({ kind: "jobs", jobs: "none" });
});
