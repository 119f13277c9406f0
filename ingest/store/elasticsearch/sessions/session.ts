/**
 * A process among those that share a cluster. It is alive as long as its beat goes on; one whose beat stopped is fenced
 * by whoever notices, before anything that it held is given to another. Clocks of machines are never compared: an
 * observer measures with its own how long a beat has not changed.
 */
import type { Lease } from '../../store.ts'

export interface Session {
  /** Short, lower case: it is part of the names of the indices that the session writes events to. */
  readonly id: string
  /** Every ingest time that this session gives is above this one: detection has covered up to it before the session began. */
  readonly floor: number
  /** False once it was fenced or closed: its writes are refused, a new session has to be begun. */
  alive(): boolean
  /**
   * To be called, and waited for, before the first write to an index of events: a fence blocks the indices that were
   * announced, so that a write which was under way when this process was paused is refused by the server. Rejects with
   * `Fenced`.
   */
  announce(index: string): Promise<void>
  /** Every event that this session wrote or will write with an ingest time ≤ `committed` is durable. Resolves when others see it. */
  publish(committed: number): Promise<void>
  /**
   * What was sent may still arrive, and nobody waits for it any more: the session ends as one that died, so that whoever comes next
   * blocks its indices before they say how far it has come.
   */
  leave(): void
  /** Asked with every beat: the ingest time to publish while nothing is under way, or undefined. */
  idle(ask: () => number | undefined): void
}

export interface Sessions {
  /** The session of this process; begins a new one where the former was fenced. */
  current(): Promise<Session>
  /**
   * The ingest time up to which every event is durable: the lowest that a live writer published. Fences the dead first.
   * Never goes back. (The caller refreshes the indices of events afterwards.)
   */
  horizon(): Promise<number>

  lease(name: string): Promise<Lease | undefined>
  /** Ends the session cleanly: leases are free at once. */
  close(): Promise<void>
}
