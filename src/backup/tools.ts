/** What a backup works with: everything that a simulation puts something else for. */
import type { Cache } from "../cache/cache.ts";
import type { Clock } from "../flow.ts";
import type { Remembered } from "../repository/chain.ts";
import type { Means, Repository } from "../repository/repository.ts";
import type { Signer } from "../seal/signature.ts";
import type { WritableTarget } from "../target/target.ts";

export interface BackupTools {
  readonly repository: Repository<WritableTarget>;
  /** Open, and whoever opened it closes it. */
  readonly cache: Cache;
  readonly host: string;
  /** The host's own key. */
  readonly signer: Signer;
  /** What this machine knows of the host's snapshots. */
  readonly remembered: Remembered;
  readonly clock: Clock;
  readonly means: Means;
}
