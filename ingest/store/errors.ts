/**
 * How a store fails, on whatever engine. Whoever has to tell one failure from another asks for the class, never for the
 * words: these are for a person, and say what, where and what to do.
 *
 * | class           | it means                                                    | asked again                     |
 * | --------------- | ----------------------------------------------------------- | ------------------------------- |
 * | `StoreAway`     | not reached, too busy, no room, closed: nothing is wrong     | may go well by itself           |
 * |                 | with what was asked for                                     |                                 |
 * | `StoreRefused`  | it cannot or will not do this: damaged, no privilege, today's | not before a person did something |
 * |                 | day, a question that took all its time                      | or asked for something else     |
 * | `WrongQuestion` | wrong whoever asks and whatever the store holds             | never                           |
 * | `StaleOffset`   | a batch was read from another position than the committed   | after reading on from `offsets()` |
 * | `Fenced`        | this process does not hold the lease (any more)             | by who holds it                 |
 *
 * What is none of these is a fault of the program.
 */
export type Fault = 'away' | 'refused' | 'question' | 'stale' | 'fenced'

export abstract class StoreError extends Error {
  override readonly name: string = 'StoreError'
  abstract readonly fault: Fault
}
export class StoreAway extends StoreError {
  readonly fault = 'away'
}
export class StoreRefused extends StoreError {
  readonly fault = 'refused'
}
export class WrongQuestion extends StoreError {
  readonly fault = 'question'
}
export class StaleOffset extends StoreError {
  readonly fault = 'stale'
  constructor() {
    super('the offset has moved: read on from the committed one')
  }
}
export class Fenced extends StoreError {
  readonly fault = 'fenced'
  constructor() {
    super('another process has taken over')
  }
}

/** An error that crossed a thread, which keeps its words only. Without a fault it is one of the program. */
export const errorOf = (message: string, fault: Fault | undefined): Error => {
  if (fault === undefined) return new Error(message)
  if (fault === 'stale') return new StaleOffset()
  if (fault === 'fenced') return new Fenced()
  return new { away: StoreAway, refused: StoreRefused, question: WrongQuestion }[fault](message)
}
export const faultOf = (error: unknown): Fault | undefined => (error instanceof StoreError ? error.fault : undefined)

export const storeClosed = (): StoreAway => new StoreAway('the store is closed')
/** Of a person's question that took its whole time, in ms; and of one that was given up. */
export const tooLong = (limit: number): StoreRefused =>
  new StoreRefused(`the question took longer than ${limit / 1000} s: choose a shorter time range or a narrower search`)
export const givenUp = (): StoreRefused => new StoreRefused('nobody waits for the answer any more')
