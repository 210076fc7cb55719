/** What the host sees. It gives the memory; only addresses and lengths cross. */
export { cut, cutPlain, table, window } from "./gear";
