/** The peers of one suite: each with a file of its own, opened before the rounds and closed after them. */
import type { Context } from './context.js';
import { interleave, type Contender, type Figures } from './measure.js';
import { installedPeers, type Peer, type PeerName } from './peers.js';

export class PeerField {
  readonly #peers: ReadonlyMap<string, Peer>;

  private constructor(peers: ReadonlyMap<string, Peer>) {
    this.#peers = peers;
  }

  /** Opens those of `names` that are installed. */
  static async open(context: Context, names: readonly PeerName[]): Promise<PeerField> {
    const peers = new Map<string, Peer>();
    const installed = installedPeers();
    for (const name of names) {
      const peer = await installed[name]?.(context.newPath('peer'));
      if (peer !== undefined) peers.set(name, peer);
    }
    return new PeerField(peers);
  }

  /** One contender for each of them, by its name. */
  contenders(work: (peer: Peer) => number | Promise<number>): Record<string, Contender> {
    return Object.fromEntries([...this.#peers].map(([name, peer]) => [name, () => work(peer)]));
  }

  async close(): Promise<void> {
    for (const peer of this.#peers.values()) await peer.close();
  }
}

/** {@link interleave} of the project's contenders and the peers', all of them in each round. */
export async function interleaveWithPeers<N extends string>(
  rounds: number,
  own: Readonly<Record<N, Contender>>,
  peers: Readonly<Record<string, Contender>>,
): Promise<{ readonly own: Record<N, Figures>; readonly peers: Record<string, Figures> }> {
  const figures: Record<string, Figures> = await interleave(rounds, { ...own, ...peers });
  const pick = <K extends string>(names: readonly K[]): Record<K, Figures> =>
    Object.fromEntries(names.map((name) => [name, figures[name] ?? []])) as Record<K, Figures>;
  return { own: pick(Object.keys(own) as N[]), peers: pick(Object.keys(peers)) };
}
