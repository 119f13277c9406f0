/** When the machine's clock is believed, and what time it is while it is not. */
import { expect, test } from 'vitest'
import { isDoubted, type Known, openClock, timeOf } from '../../ingest/clock.ts'

const T0 = Date.UTC(2026, 10, 20, 9)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A machine: `set` is what its clock is off, time goes on by itself. */
const machine = () => {
  let [passed, off] = [0, 0]
  const clock = openClock(
    () => T0 + passed + off,
    () => passed,
  )
  const heard: string[] = []
  return {
    clock,
    heard,
    begin: (known: Known) => clock.begin(known, (doubt) => heard.push(doubt ? doubt.why : 'right')),
    pass: (ms: number) => (passed += ms),
    set: (ms: number) => (off = ms),
    /** How far its time is from the right one. */
    off: () => clock() - T0 - passed,
  }
}

test.each<readonly [what: string, known: Known, off: number, doubted: boolean]>([
  ['nothing was ever committed', { committed: 0 }, 400 * DAY, false],
  ['just after the last commit', { committed: T0 - 1000 }, 0, false],
  ['down for 29 days', { committed: T0 - 29 * DAY }, 0, false],
  ['down for 31 days, or that far ahead: nobody can tell', { committed: T0 - 31 * DAY }, 0, true],
  ['400 days ahead', { committed: T0 }, 400 * DAY, true],
  ['an hour before the last commit', { committed: T0 }, -HOUR, true],
  ['4 minutes before it, as a time server sets it', { committed: T0 }, -4 * MINUTE, false],
  ['10 days ahead', { committed: T0 }, 10 * DAY, false],
  ['10 days ahead, as it was doubted for', { committed: T0, gap: 10 * DAY }, 10 * DAY + HOUR, true],
  ['right again after it was doubted', { committed: T0 - HOUR, gap: 10 * DAY }, 0, false],
  [
    '31 days after, which a person has accepted',
    { committed: T0, accepted: { says: T0 + 31 * DAY, expected: T0 } },
    32 * DAY,
    false,
  ],
  [
    'a year before, which a person has accepted',
    { committed: T0, accepted: { says: T0 - 365 * DAY, expected: T0 } },
    -364 * DAY,
    false,
  ],
  ['400 days after that', { committed: T0, accepted: { says: T0 - 365 * DAY, expected: T0 } }, 35 * DAY, true],
])('at a start: %s', (_, known, off, doubted) => {
  const { clock, begin, set } = machine()
  set(off)
  begin(known)
  expect(clock.doubt() !== undefined).toBe(doubted)
  expect(clock()).toBe(doubted ? known.committed : T0 + off)
})

test('set while it runs, by less and by more than ten minutes, and set right', () => {
  const { begin, pass, set, off, heard, clock } = machine()
  begin({ committed: T0 })
  pass(HOUR)
  set(4 * MINUTE)
  expect([off(), heard]).toEqual([4 * MINUTE, []])
  set(HOUR)
  expect([off(), heard]).toEqual([0, ['set']])
  pass(40 * DAY)
  expect(off()).toBe(0)
  expect(clock.doubt()).toMatchObject({ why: 'set', says: T0 + 40 * DAY + 2 * HOUR, since: T0 + HOUR })
  set(0)
  expect([off(), heard]).toEqual([0, ['set', 'right']])
})

test('a small step each day adds up to no doubt; nine minutes and nine more do', () => {
  const { begin, pass, set, clock } = machine()
  begin({ committed: T0 })
  for (let day = 1; day <= 100; day++) {
    pass(DAY + 1)
    set(day * -5000)
    expect(clock.doubt()).toBeUndefined()
  }
  pass(HOUR)
  set(-500_000 - 9 * MINUTE)
  expect(clock.doubt()).toBeUndefined()
  set(-500_000 - 18 * MINUTE)
  expect(clock.doubt()).toBeDefined()
})

test('a person accepts it; what arrived meanwhile is told apart', () => {
  const { begin, pass, set, off, clock } = machine()
  begin({ committed: T0 })
  expect(clock.accept()).toBeUndefined()
  set(-3 * HOUR)
  pass(MINUTE)
  const arrival = clock.arrival(clock())
  expect([isDoubted(arrival), timeOf(arrival)]).toEqual([true, T0 + MINUTE])
  expect(clock.accept()).toEqual({ says: T0 + MINUTE - 3 * HOUR, expected: T0 + MINUTE })
  expect([off(), clock.doubt(), isDoubted(clock.arrival(clock()))]).toEqual([-3 * HOUR, undefined, false])
})
