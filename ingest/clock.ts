/**
 * The clock of an installation. The machine's own is believed while it keeps step with the monotonic one, and at a start where
 * it stands after what was committed last, within a month. While it is doubted, time goes on from what was known by the
 * monotonic clock alone: events keep their order and their day, and nobody removes anything by it.
 */

/** ms that the machine's clock may step, or stand before the last commit, without being doubted. */
export const STEP = 600_000
/** ms that it may be after the last commit at a start. */
const AHEAD = 30 * 86_400_000
/** ms after which a step that was small is no longer held against the next one. */
const FORGOTTEN = 86_400_000
/** Marks an arrival that a doubted clock gave: no time in ms is as large. */
const MARK = 1e15

export interface Doubt {
  /** What the machine's clock says now, and what time it is by the monotonic one. */
  readonly says: number
  readonly expected: number
  /** Since when, by the latter. */
  readonly since: number
  /** It was set while the program ran, or was not to be believed when it began. */
  readonly why: 'set' | 'start'
}

/** What earlier processes have left. */
export interface Known {
  /** The greatest ingest time; 0 where nothing was ever committed. */
  readonly committed: number
  /** A person said that this clock is right, when so much was expected. */
  readonly accepted?: { readonly says: number; readonly expected: number }
  /** It was doubted when the last process ended: by so much it was ahead (or behind). */
  readonly gap?: number
}

export interface Clock {
  /** Epoch ms: of the machine, or while that is doubted, of what was known and the time since. */
  (): number
  /** Tells what is known at a start. `changed` is called whenever doubt begins or ends by itself. */
  begin(known: Known, changed: (doubt: Doubt | undefined) => void): void
  doubt(): Doubt | undefined
  /** A person says that the machine's clock is right. Answers what it says and what was expected; undefined: it was not doubted. */
  accept(): { readonly says: number; readonly expected: number } | undefined
  /** A time as that of an arrival, which remembers whether it was doubted. */
  arrival(now: number): number
}

/** The time of an arrival, and whether its clock was doubted. */
export const isDoubted = (arrival: number): boolean => arrival >= MARK
export const timeOf = (arrival: number): number => (arrival >= MARK ? arrival - MARK : arrival)

export const openClock = (wall: () => number = Date.now, elapsed: () => number = () => performance.now()): Clock => {
  let base = wall()
  let at = elapsed()
  let why: Doubt['why'] | undefined
  let since = 0
  /** Of a start: how far from what is expected it may be. */
  let [low, high] = [0, 0]
  let tell: (doubt: Doubt | undefined) => void = () => {}
  const believe = (says: number) => {
    base = says
    at = elapsed()
    why = undefined
  }
  const look = (): { readonly says: number; readonly expected: number } => {
    const says = wall()
    const passed = elapsed() - at
    const expected = Math.round(base + passed)
    const off = says - expected
    if (why === undefined) {
      if (Math.abs(off) > STEP) {
        why = 'set'
        since = expected
        tell({ says, expected, since, why })
      } else if (passed > FORGOTTEN) believe(says)
    } else if (Math.abs(off) <= STEP || (why === 'start' && off >= low && off <= high)) {
      believe(says)
      tell(undefined)
    }
    return { says, expected }
  }
  const clock = (): number => {
    const { says, expected } = look()
    return why === undefined ? says : expected
  }
  return Object.assign(clock, {
    begin: ({ committed, accepted, gap }: Known, changed: (doubt: Doubt | undefined) => void) => {
      tell = changed
      const says = wall()
      believe(says)
      if (committed === 0) return
      const lead = accepted ? accepted.says - accepted.expected : 0
      // What a person has accepted before the commits, or after them, is no new reason.
      low = -STEP + Math.min(0, lead)
      high = accepted ? Math.max(committed, accepted.says) - committed + AHEAD : AHEAD
      // Doubted before, it is believed again only where it was set right meanwhile.
      if (gap !== undefined && gap > 0) high = Math.min(high, gap - STEP)
      const off = says - committed
      if (off >= low && off <= high) {
        if (gap !== undefined) tell(undefined)
        return
      }
      base = committed
      since = committed
      why = 'start'
      tell({ says, expected: committed, since, why })
    },
    doubt: (): Doubt | undefined => {
      const { says, expected } = look()
      return why === undefined ? undefined : { says, expected, since, why }
    },
    accept: () => {
      const now = look()
      if (why === undefined) return undefined
      believe(now.says)
      return now
    },
    arrival: (now: number) => {
      look()
      return why === undefined ? now : now + MARK
    },
  })
}

/** A clock that nothing is known against: that of a replay, and of tests. */
export const clockOf = (now: Clock | (() => number)): Clock =>
  'arrival' in now
    ? now
    : Object.assign(() => now(), {
        begin: () => {},
        doubt: () => undefined,
        accept: () => undefined,
        arrival: (time: number) => time,
      })
