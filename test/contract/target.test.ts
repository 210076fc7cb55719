import { DirectoryTarget } from "../../src/target/directory.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import { SettledTarget } from "../../src/target/retry.ts";
import type { Call, Fault } from "../support/faults.ts";
import { FaultyTarget, lostReply, notDone } from "../support/faults.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { targetContract } from "./target.ts";

const patience = new Array<number>(50).fill(0);

/** Two of three calls fail, one of them although it was done. */
function unreliably(call: Call): Fault | undefined {
  return [undefined, lostReply, notDone][call.number % 3];
}

targetContract("memory", async () => new MemoryTarget());
targetContract("directory", () => DirectoryTarget.open(scratchDirectory()));
targetContract("a faulty target without faults", async () => new FaultyTarget(new MemoryTarget()));
targetContract(
  "a settled target over memory",
  async () => new SettledTarget(new MemoryTarget(), patience),
);
targetContract(
  "a settled target over an unreliable one",
  async () => new SettledTarget(new FaultyTarget(new MemoryTarget(), unreliably), patience),
);
