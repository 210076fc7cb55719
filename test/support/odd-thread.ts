/** A thread that does what it is asked, however foolish. */
import {
  AccessError,
  CorruptError,
  NotFoundError,
  UnavailableError,
  UsageError,
} from "../../src/errors.ts";
import { serve } from "../../src/threads.ts";

export interface OddData {
  readonly ready: "at once" | "never: it throws";
}

export type Thrown = "usage" | "unavailable" | "access" | "missing" | "corrupt" | "fault" | "text";

export type OddRequest =
  | { readonly do: "echo"; readonly text: string }
  | { readonly do: "throw"; readonly what: Thrown }
  /** Tells that it has begun, and goes on until it is ended. */
  | { readonly do: "loop" }
  | { readonly do: "leave" }
  | { readonly do: "eat memory" };

const ERRORS: Readonly<Record<Thrown, unknown>> = {
  usage: new UsageError("usage"),
  unavailable: new UnavailableError("unavailable"),
  access: new AccessError("access"),
  missing: new NotFoundError("missing"),
  corrupt: new CorruptError("packs/x", "it is rotten"),
  fault: new RangeError("a fault"),
  text: "no error at all",
};

await serve<OddData, OddRequest, string>(async ({ ready }, tools) => {
  if (ready === "never: it throws") throw ERRORS.access;
  return (request) => {
    switch (request.do) {
      case "echo":
        tools.reply(request.text);
        return;
      case "throw":
        throw ERRORS[request.what];
      case "loop":
        tools.reply("looping");
        for (;;) tools.mayGoOn();
      case "leave":
        process.exit(3);
        return;
      case "eat memory": {
        const eaten: unknown[] = [];
        for (;;) eaten.push(new Array(1000).fill(eaten.length));
      }
    }
  };
});
