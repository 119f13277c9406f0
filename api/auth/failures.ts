/**
 * Failed sign-ins for the trail, summed by account, place and minute: ten thousand wrong passwords are a line a minute, not
 * ten thousand. Names that are nobody's are one line, and are not written down: people type passwords there by mistake. A
 * minute is written when it is over; one that a kill cuts off is lost.
 */
import type { Deed } from '../trail.ts'
import { ITSELF } from '../trail.ts'

const MINUTE = 60_000
/** Lines of a minute; what comes from still more places is one line together. */
const MOST = 200
const NOBODY = '?'
const OTHERS = '…'

interface Sum {
  readonly minute: number
  readonly account: string
  readonly place: string
  failed: number
  /** Of attempts that had to wait, and were not looked at. */
  turned: number
}
export interface Failures {
  add(account: string | undefined, place: string, turnedAway: boolean): void
  /** What of the minutes before this one has not been taken; `all`: of this one too. */
  take(all?: boolean): Deed[]
}

export const openFailures = (clock: () => number): Failures => {
  let sums = new Map<string, Sum>()
  return {
    add: (given, from, turnedAway) => {
      const minute = Math.floor(clock() / MINUTE) * MINUTE
      const full = sums.size >= MOST
      const key = (account: string, place: string) => `${minute} ${account} ${place}`
      const mine = key(given ?? NOBODY, from)
      const [account, place] = full && !sums.has(mine) ? [OTHERS, OTHERS] : [given ?? NOBODY, from]
      const sum = sums.get(key(account, place)) ?? { minute, account, place, failed: 0, turned: 0 }
      if (turnedAway) sum.turned++
      else sum.failed++
      sums.set(key(account, place), sum)
    },
    take: (all = false) => {
      const now = Math.floor(clock() / MINUTE) * MINUTE
      const over = [...sums].filter(([, { minute }]) => all || minute !== now)
      sums = new Map([...sums].filter(([key]) => !over.some(([each]) => each === key)))
      return over.map(([, { minute, account, place, failed, turned }]) => ({
        by: ITSELF,
        what: 'user.sign_in_failed',
        object: account,
        detail: JSON.stringify({ minute: new Date(minute).toISOString(), from: place, failed, turned_away: turned }),
      }))
    },
  }
}
